import assert from 'node:assert/strict'
import { it } from 'node:test'
import { declaredLength, endToEnd, printFields, readFields, type Fields } from './fields.ts'

it('leaves out what is about one connection, also what `Connection` names', () => {
  const fields: Fields = [
    ['Connection', 'close, X-One'],
    ['x-one', '1'],
    ['X-Two', '2'],
    ['Keep-Alive', 'timeout=5'],
    ['TE', 'trailers'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'h2c'],
    ['Proxy-Authorization', 'Basic x'],
    ['set-cookie', 'a'],
    ['set-cookie', 'b'],
  ]
  assert.deepEqual(endToEnd(fields), [
    ['X-Two', '2'],
    ['set-cookie', 'a'],
    ['set-cookie', 'b'],
  ])
})

it('keeps fields as they are on the wire', () => {
  const fields: Fields = [
    ['a', ''],
    ['a', 'caf\u00e9'],
    ['b', '"quoted"'],
  ]
  assert.deepEqual(readFields(printFields(fields)), fields)
  assert.deepEqual(readFields(undefined), [])
  assert.throws(() => readFields('{"a":1}'), TypeError)
  assert.throws(() => readFields('[["a",1]]'), TypeError)
  assert.throws(() => printFields([['a', 'x'.repeat(70_000)]]), { code: 'TOO_LARGE' })
})

it('reads a declared length, and nothing that is none', () => {
  assert.equal(declaredLength([['Content-Length', '12']]), 12)
  for (const none of ['', '-1', '1.5', '1e3', '0x10'])
    assert.equal(declaredLength([['content-length', none]]), undefined)
})
