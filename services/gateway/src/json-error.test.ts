import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeJsonError, jsonErrorAt } from './json-error.ts'

it('finds where text stops being JSON', () => {
  const cases: [string, number][] = [
    ['{"a": tru}', 6],
    ['{"a": 1,}', 8],
    ['[1 2]', 3],
    ['{"a" 1}', 5],
    ['[}', 1],
    ['{]', 1],
    ['{,}', 1],
    ['["a\nb"]', 1],
    ['["\\x"]', 1],
    ['{} {}', 3],
    ['[01]', 1],
    ["{'a':1}", 1],
    ['{"a":', 5],
    ['', 0],
    ['nullx', 0],
  ]
  for (const [text, position] of cases) {
    assert.throws(() => JSON.parse(text), SyntaxError, text)
    assert.equal(jsonErrorAt(text), position, text)
  }
})

it('reads valid text to its end', () => {
  const text = ' {"a":[1,-2.5e+3,"\\u00e4\\"",{},[],true,null],"b":{"c":false}} '
  assert.ok(JSON.parse(text))
  assert.equal(jsonErrorAt(text), text.length)
})

it('says line and column', () => {
  const { code, message, details } = describeJsonError('{\n  "a": oops\n}')
  assert.equal(code, 'BAD_INPUT')
  assert.match(message, /line 2, column 8/)
  assert.deepEqual(details.more, { position: 9, line: 2, column: 8 })
})
