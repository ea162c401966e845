import { setTimeout as wait } from 'node:timers/promises'

interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Items of one statement, which bounds how long it can take. */
const MOST = 500

/** More than so many in a statement are a crowd, and the next ones come soon. */
export const FEW = 3

/**
 * Group commit: while one write is in flight the next ones gather and go as one statement. A lone write never waits.
 *
 * @param write one statement for many items; its results in the order of the items
 * @param isOutage tells a failure that all items share; after any other each item is written alone, so that one that
 *   the database refuses does not take its neighbours with it
 * @param gatherMs after a crowd the next write waits so long for others: the first of them would go alone
 */
export function groupCommit<Item, Result>(
  write: (items: readonly Item[]) => Promise<readonly Result[]>,
  isOutage: (error: unknown) => boolean,
  gatherMs?: number,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = []
  let writing = false
  let crowded = false
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (writing) return
      writing = true
      // what the same message brought can still join
      queueMicrotask(() => void writeAll())
    })

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      if (crowded) await wait(gatherMs)
      const batch = waiting.slice(0, MOST)
      waiting = waiting.slice(MOST)
      crowded = gatherMs !== undefined && batch.length > FEW
      await writeBatch(batch)
    }
    writing = false
  }

  async function writeBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await write(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result)
    } catch (error) {
      if (batch.length === 1 || isOutage(error)) for (const { reject } of batch) reject(error)
      else for (const entry of batch) await writeBatch([entry])
    }
  }
}
