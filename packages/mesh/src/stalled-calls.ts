import type { Connection } from './connection.ts'
import { isDeserted } from './deserted.ts'

interface StalledCall {
  readonly queue?: string | undefined
  /** Epoch ms */
  readonly since: number
}

export interface StalledCalls {
  /** There is a call under way: look after it, unless that is done already. */
  watch(): void
  stop(): void
}

const STALLED_MS = 400
const PERIOD_MS = 1_000

/**
 * Looks at the queues of calls that get no answer. A killed service leaves its queue behind until that expires; calls
 * that wait there are given up at once.
 */
export function watchStalledCalls(
  connection: Connection,
  calls: () => Iterable<StalledCall>,
  giveUp: (queue: string) => void,
): StalledCalls {
  let timer: NodeJS.Timeout | undefined
  return { watch: () => void (timer ??= setTimeout(look, STALLED_MS)), stop: () => clearTimeout(timer) }

  function look(): void {
    timer = undefined
    const before = Date.now() - STALLED_MS
    const queues = new Set<string>()
    let some = false
    for (const { queue, since } of calls()) {
      some = true
      if (queue !== undefined && since <= before) queues.add(queue)
    }
    for (const queue of queues) void probe(queue)
    if (some) timer = setTimeout(look, PERIOD_MS)
  }

  async function probe(queue: string): Promise<void> {
    if (await isDeserted(connection, queue)) giveUp(queue)
  }
}
