import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { gatherWrites } from './gathered-writes.ts'

/** A connection whose writes can be seen as they reach the system. */
function open(): { stream: Writable; sent: string[] } {
  const sent: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => (sent.push(text), done()),
    writev: (chunks, done) => (sent.push(chunks.map(({ chunk }) => String(chunk)).join('')), done()),
  })
  gatherWrites({ connection: { stream } })
  return { stream, sent }
}

test('on a quiet connection every write goes at once', () => {
  const { stream, sent } = open()
  stream.write('a')
  stream.write('b')
  assert.deepEqual(sent, ['a', 'b'])
})

test('on a busy connection the writes of a turn go as one, in their order, and at once again when it is quiet', async () => {
  const { stream, sent } = open()
  const since = performance.now()
  while (performance.now() - since < 25) stream.write('.')
  await nextTurn()
  await nextTurn()
  sent.length = 0
  stream.write('a')
  await Promise.resolve()
  stream.write('b')
  stream.write('c')
  assert.deepEqual(sent, [])
  await nextTurn()
  await nextTurn()
  assert.deepEqual(sent, ['abc'])
  // the first one after a pause ends the window of the burst
  await wait(50)
  stream.write('d')
  await wait(50)
  stream.write('e')
  assert.deepEqual(sent, ['abc', 'd', 'e'])
})
