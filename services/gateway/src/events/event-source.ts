import { executor as contract, type StoredEvent } from '@warren/contracts'
import type { Context } from '../context.ts'
import { subjectOf } from '../live.ts'
import type { Principal } from '../auth.ts'
import { cloudEventOf } from './cloud-event.ts'
import type { Subject } from './feeds.ts'
import { frame } from './frame.ts'

const { jobSuccessful, jobFailed, jobDismissed, jobTold } = contract.events
/** It has no row that could be read. */
const told = jobTold.topic.split('.').at(-1)
const finals: ReadonlySet<string> = new Set([jobSuccessful.key, jobFailed.key, jobDismissed.key])

/** Whose events; of all jobs unless told. */
export interface EventFilter {
  readonly jobId?: string
  readonly processId?: string
}

const PAGE = 100

/** The events of a job, of the jobs of a process, or of all that one may see. Those of a job end with the job. */
export function eventSubject(
  { executor, live }: Pick<Context, 'executor' | 'live'>,
  { id: principal, roles }: Principal,
  { jobId, processId }: EventFilter,
): Subject {
  const filter = { ...(jobId !== undefined ? { jobId } : processId !== undefined && { processId }) }
  return {
    key: `events ${principal} ${roles.join()} ${JSON.stringify(filter)}`,
    source: {
      read: async (after) => {
        const { events, now } = await executor.listEvents({ ...filter, after, limit: PAGE }, { principal, roles })
        const over = jobId !== undefined && events.some(isFinalEvent)
        const frames = events.map((event) => {
          const cloudEvent = cloudEventOf(event)
          return frame(event.cursor, cloudEvent.type, cloudEvent)
        })
        return { frames, end: now, more: events.length === PAGE && !over, over }
      },
    },
    watch: (hint) =>
      live.watch(
        subjectOf(jobSuccessful, { ...(processId && { processId }), ...(jobId && { jobId }) }),
        (name, _, id) => {
          if (name !== told) hint(id)
        },
      ),
  }
}

export function isFinalEvent({ event }: StoredEvent): boolean {
  return finals.has(event)
}

/** The place right before another one. */
export function justBefore(cursor: string): string {
  const [xid = '0', seq = '0'] = cursor.split('-')
  const before = BigInt(seq) - 1n
  return `${xid}-${before < 0n ? 0n : before}`
}
