import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { groupCommit } from './group-commit.ts'

const LONG_MS = 20

/** A writer whose statements take a turn of the event loop, and what each of them wrote. */
function recorded(gatherMs?: number) {
  const batches: number[][] = []
  const write = async (items: readonly number[]): Promise<readonly number[]> => {
    batches.push([...items])
    await turn()
    return items
  }
  return { batches, add: groupCommit(write, () => false, gatherMs) }
}

describe('groupCommit', () => {
  it('writes what comes meanwhile as one statement', async () => {
    const { batches, add } = recorded()
    const first = add(1)
    await turn()
    await Promise.all([first, add(2), add(3)])
    assert.deepEqual(batches, [[1], [2, 3]])
  })

  it('lets those that follow a crowd come together, when it is told to', async () => {
    for (const [gatherMs, expected] of [[undefined, [[5], [6]]] as const, [LONG_MS, [[5, 6]]] as const]) {
      const { batches, add } = recorded(gatherMs)
      const crowd = [1, 2, 3, 4].map(add)
      const fifth = Promise.race(crowd).then(() => add(5))
      await Promise.all(crowd)
      await turn()
      await Promise.all([fifth, add(6)])
      assert.deepEqual(batches, [[1, 2, 3, 4], ...expected])
    }
  })

  it('never lets a lone write wait', async () => {
    const { batches, add } = recorded(60_000)
    for (const item of [1, 2, 3]) await add(item)
    assert.deepEqual(batches, [[1], [2], [3]])
  })
})
