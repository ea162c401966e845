import assert from 'node:assert/strict'
import { it } from 'node:test'
import { orderedId } from './ids.ts'

it('makes ids that sort as their times do, and differ where those do not', () => {
  const times = [0, 1, 63, 64, 4_095, 4_096, Date.UTC(2026, 10, 29), Date.UTC(2026, 10, 29) + 1, 2 ** 47, 2 ** 48 - 1]
  const ids = times.map((ms) => orderedId(ms))
  assert.deepEqual(ids.toSorted(byBytes), ids)
  assert.ok(
    ids.every((id) => /^[\w-]{21}$/.test(id)),
    ids.join(),
  )
  assert.equal(new Set(Array.from({ length: 1_000 }, () => orderedId(1))).size, 1_000)
})

function byBytes(a: string, b: string): number {
  return a < b ? -1 : 1
}
