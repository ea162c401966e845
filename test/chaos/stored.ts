import { isFinal } from '@warren/contracts'
import { grouped, type Books, type Violation } from './books.ts'
import type { EventRow } from './facts.ts'
import { wrongStep } from './walk.ts'

// What is stored, against itself.

const firsts = new Set(['jobAccepted', 'jobCreated'])
const ends = new Set(['jobSuccessful', 'jobFailed', 'jobDismissed'])

/** Every job came to its end, and a successful one to the results that its inputs have. */
export function jobsEnded({ jobs }: Books): Violation[] {
  return jobs.flatMap((job): Violation[] => {
    const { id: jobId, state, desired, executorId, results, steps, token } = job
    if (!isFinal(state)) return [{ rule: 'stuck', jobId, what: `${state}, wanted ${desired}, held by ${executorId}` }]
    if ((results !== null) !== (state === 'successful')) {
      return [{ rule: 'results', jobId, what: `${state} ${results === null ? 'without' : 'with'} results` }]
    }
    if (results === null) return []
    const sum = steps === null ? undefined : (steps * (steps + 1)) / 2
    const given = JSON.parse(results) as { text?: string; sum?: number }
    const right = given.text === token && given.sum === sum
    return right ? [] : [{ rule: 'results', jobId, what: `wrong results: ${results}` }]
  })
}

/** The events of a job are one life, or several if it was removed meanwhile, with one end each. */
export function eventsInOrder({ job, eventsOf, dismissedBefore }: Books): Violation[] {
  const all = new Set([...job.keys(), ...eventsOf.keys()])
  return [...all].flatMap((jobId): Violation[] => {
    const row = job.get(jobId)
    const events = eventsOf.get(jobId) ?? []
    // a job that was removed leaves its key to a new one
    const lives = dismissedBefore(jobId, Infinity) ? livesOf(events) : [events]
    const walks = lives.flatMap((life): Violation[] => {
      const wrong = wrongStep(life, row?.mode)
      const ended = life.filter(({ event }) => ends.has(event)).length
      return [
        ...(wrong ? [{ rule: 'walk' as const, jobId, what: wrong }] : []),
        ...(ended > 1 ? [{ rule: 'end' as const, jobId, what: `${ended} ends were told` }] : []),
      ]
    })
    const told = lives.at(-1)?.at(-1)
    if (!row || !isFinal(row.state) || told?.state === row.state) return walks
    return [...walks, { rule: 'end', jobId, what: `the last word was ${told?.event}, the job is ${row.state}` }]
  })
}

function livesOf(events: readonly EventRow[]): EventRow[][] {
  const lives: EventRow[][] = []
  for (const event of events) {
    const last = lives.at(-1)
    const isNew = firsts.has(event.event) && ends.has(last?.at(-1)?.event ?? '')
    if (last && !isNew) last.push(event)
    else lives.push([event])
  }
  return lives
}

/** Attempts are counted without a gap. */
export function attemptsConsecutive({ jobs, attempts }: Books): Violation[] {
  const before = grouped(attempts, ({ jobId }) => jobId)
  return jobs.flatMap(({ id: jobId, attempt: last }): Violation[] => {
    const numbers = (before.get(jobId) ?? []).map(({ attempt }) => attempt)
    // the last one is in the job's own row, unless the job ended while it waited for another
    const whole = [last - 1, last].some((count) => numbers.join() === range(count).join())
    return whole ? [] : [{ rule: 'attempts', jobId, what: `attempts ${numbers.join(', ')} before attempt ${last}` }]
  })
}

function range(last: number): number[] {
  return Array.from({ length: Math.max(0, last) }, (_, n) => n + 1)
}
