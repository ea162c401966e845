import assert from 'node:assert/strict'
import { it } from 'node:test'
import { byteRange } from './byte-range.ts'

it('reads ranges as RFC 9110 has them', () => {
  const cases: [string | undefined, ReturnType<typeof byteRange>][] = [
    [undefined, undefined],
    ['bytes=0-0', { from: 0, to: 1 }],
    ['Bytes = 3 - 5', { from: 3, to: 6 }],
    ['bytes=3-', { from: 3, to: 10 }],
    ['bytes=3-99', { from: 3, to: 10 }],
    ['bytes=-4', { from: 6, to: 10 }],
    ['bytes=-99', { from: 0, to: 10 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-3', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
  ]
  for (const [header, expected] of cases) assert.deepEqual(byteRange(header, 10), expected, header)
  assert.equal(byteRange('bytes=0-', 0), 'unsatisfiable')
})
