import type { RecordKind } from '@warren/contracts'

/** Body of the message `job.recorded` */
export interface Recorded {
  readonly jobId: string
  readonly kind: RecordKind
  /** Number of the last line or point that is written */
  readonly last: number
}

const EACH_MS = 100

/** Tells of new records, the first at once and then ten times a second at most for each job and kind. */
export function createRecordNews(send: (news: Recorded) => void): { tell(news: Recorded): void; close(): void } {
  const resting = new Map<string, { timer: NodeJS.Timeout; next: Recorded | undefined }>()
  return { tell, close }

  function tell(news: Recorded): void {
    const key = `${news.kind} ${news.jobId}`
    const rest = resting.get(key)
    if (rest) {
      rest.next = news
      return
    }
    send(news)
    resting.set(key, { timer: setTimeout(() => wake(key), EACH_MS), next: undefined })
  }

  function wake(key: string): void {
    const next = resting.get(key)?.next
    resting.delete(key)
    if (next) tell(next)
  }

  function close(): void {
    for (const { timer, next } of resting.values()) {
      clearTimeout(timer)
      if (next) send(next)
    }
    resting.clear()
  }
}
