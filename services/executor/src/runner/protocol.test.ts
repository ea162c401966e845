import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineReader } from './lines.ts'
import { readMessage, runLine } from './protocol.ts'

test('lines are cut wherever the chunks end, also inside a character', () => {
  const lines: string[] = []
  const reader = lineReader(100, (line) => lines.push(line), assert.fail)
  const bytes = Buffer.from('one\nzwei ü\n\nlast')
  for (const byte of bytes) reader.push(Buffer.from([byte]))
  reader.end()
  assert.deepEqual(lines, ['one', 'zwei ü', '', 'last'])
})

test('a line over the limit is reported once by its start, and the next line is read', () => {
  const seen: string[] = []
  const reader = lineReader(
    4,
    (line) => seen.push(line),
    (start) => seen.push(`${start}!`),
  )
  reader.push(Buffer.from('abc\nabcdef'))
  reader.push(Buffer.from('ghi\nxyz\n'))
  assert.deepEqual(seen, ['abc', 'abcd!', 'xyz'])
})

test('outputs stay the text that the host printed, in any order of members', () => {
  const outputs = '{"a":1.0,"n":12345678901234567890,"s":"}\\",{"}'
  const usual = readMessage(`{"type":"result","id":"r","outputs":${outputs}}`)
  const other = readMessage(` { "outputs": ${outputs} , "id" : "r", "type":"result" } `)
  const more = readMessage(`{"type":"result","id":"r","outputs":${outputs},"more":1}`)
  for (const message of [usual, other, more]) assert.equal(message.type === 'result' && message.outputs, outputs)
})

test('what is no message is a syntax error', () => {
  for (const line of [
    '',
    'x',
    '[]',
    '{}',
    '{"type":"result","id":"r","outputs":{"a":}}',
    '{"type":"result","id":"r","outputs":[]}',
  ]) {
    assert.throws(() => readMessage(line), SyntaxError, line)
  }
})

test('a run is one line with the inputs as last member, whatever white space they have', () => {
  const line = runLine({ id: 'r', processId: 'p', workdir: '/w', attempt: 1, inputs: '{\r\n "a": 1.0\n}' })
  assert.equal(line, '{"type":"run","id":"r","process":"p","workdir":"/w","attempt":1,"inputs":{  "a": 1.0 }}\n')
})

test('a state stays the text that the host printed, and goes down again as that text', () => {
  const state = '{"a":1.0,"n":12345678901234567890,"inputs":{"z":-0.0}}'
  for (const type of ['checkpoint', 'checkpointed'] as const) {
    const message = readMessage(`{"type":"${type}","id":"r","state":${state}}`)
    assert.deepEqual(message, { type, id: 'r', state })
    assert.throws(() => readMessage(`{"type":"${type}","id":"r"}`), SyntaxError)
  }
  const run = { id: 'r', processId: 'p', workdir: '/w', attempt: 2, inputs: '{}' }
  assert.equal(
    runLine({ ...run, traceparent: '00-a-b-01', checkpoint: state }),
    `{"type":"run","id":"r","process":"p","workdir":"/w","attempt":2,"traceparent":"00-a-b-01","checkpoint":${state},"inputs":{}}\n`,
  )
})
