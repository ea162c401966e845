import { isFinal } from '@warren/contracts'
import { grouped, type Books, type Violation } from './books.ts'
import { wantedEvents } from './webhooks.ts'

// What is stored, against what the world was told.

/** The events that were committed reached who subscribed, and no others did. */
export function eventsTold({ events, told, job, dismissedBefore }: Books): Violation[] {
  const heard = new Map(told.map((one) => [one.id, one]))
  const committed = new Map(events.map((one) => [one.seq, one]))
  const missed = events.flatMap(({ seq, jobId, event, writer }): Violation[] => {
    const found = heard.get(seq)
    if (!found) return [{ rule: 'outbox', jobId, what: `${event} (${seq} of ${writer}) reached no subscriber` }]
    const same = found.jobId === jobId && found.event === event
    return same
      ? []
      : [{ rule: 'outbox', jobId, what: `${seq} is ${event}, but ${found.event} of ${found.jobId} was told` }]
  })
  const invented = told.flatMap(({ id, jobId, event }): Violation[] => {
    const removed = !job.has(jobId) && dismissedBefore(jobId, Infinity)
    return committed.has(id) || removed
      ? []
      : [{ rule: 'invented', jobId, what: `${event} (${id}) was never committed` }]
  })
  return [...missed, ...invented]
}

/** Each end of a job reached the receiver of webhooks, as one message however often it was tried. */
export function webhooksSent({ events, webhooks }: Books): Violation[] {
  if (!webhooks) return []
  const taken = new Set(webhooks.filter((one) => one.taken).map(({ eventId }) => eventId))
  const missed = events.filter(
    ({ seq, state, event }) => wantedEvents.has(wireName(event)) && isFinal(state) && !taken.has(seq),
  )
  const doubled = [...grouped(webhooks, ({ eventId }) => eventId)].filter(
    ([, all]) => new Set(all.map(({ id }) => id)).size > 1,
  )
  return [
    ...missed.map(({ seq, jobId, event }): Violation => ({
      rule: 'webhook',
      jobId,
      what: `${event} (${seq}) was not sent`,
    })),
    ...doubled.map(([eventId, all]): Violation => {
      return {
        rule: 'webhook',
        jobId: all[0]?.jobId,
        what: `${eventId} was sent as ${all.map(({ id }) => id).join(', ')}`,
      }
    }),
  ]
}

/** `jobSuccessful` as the last word of its topic */
function wireName(event: string): string {
  return event.slice('job'.length).toLowerCase()
}
