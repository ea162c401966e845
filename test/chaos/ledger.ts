import { isFinal } from '@warren/contracts'
import type { EventRow, Facts, JobRow } from './facts.ts'
import type { Entry } from './journal.ts'
import { wrongStep } from './walk.ts'

export type Rule =
  | 'lost'
  | 'stuck'
  | 'duplicated'
  | 'results'
  | 'key'
  | 'end'
  | 'walk'
  | 'attempts'
  | 'outbox'
  | 'invented'
  | 'undead'
  | 'changed'
  | 'failed'
  | 'internal'
  | 'died'
  | 'webhook'

/** A promise that was not kept. */
export interface Violation {
  readonly rule: Rule
  readonly jobId?: string | undefined
  readonly token?: string | undefined
  readonly what: string
}

const ends = new Set(['jobSuccessful', 'jobFailed', 'jobDismissed'])
/** What a fault of ours makes of a run. */
const explained = new Set(['EXECUTOR_LOST', 'TIMEOUT', 'PROCESS_CRASHED', 'UNAVAILABLE'])

/** Compares what was answered with what was stored, and that with what was told. */
export function balance(facts: Facts): Violation[] {
  const books = open(facts)
  return [
    ...answersKept(books),
    ...onceEach(books),
    ...jobsEnded(books),
    ...eventsInOrder(books),
    ...attemptsConsecutive(books),
    ...eventsTold(books),
    ...readsAgree(books),
    ...failuresExplained(books),
  ]
}

interface Books extends Facts {
  readonly job: ReadonlyMap<string, JobRow>
  readonly eventsOf: ReadonlyMap<string, readonly EventRow[]>
  readonly asked: ReadonlyMap<string, readonly Entry[]>
  /** Somebody asked to dismiss it: the second time removes a job. */
  dismissedBefore(jobId: string, at: number): boolean
}

function open(facts: Facts): Books {
  const asked = grouped(facts.entries, ({ jobId }) => jobId)
  return {
    ...facts,
    job: new Map(facts.jobs.map((job) => [job.id, job])),
    eventsOf: grouped(facts.events, ({ jobId }) => jobId),
    asked,
    dismissedBefore: (jobId, at) => (asked.get(jobId) ?? []).some((entry) => entry.op === 'dismiss' && entry.at <= at),
  }
}

/** What was accepted exists; what was given as results is stored as such. */
function answersKept({ entries, job, dismissedBefore }: Books): Violation[] {
  return entries.flatMap((entry): Violation[] => {
    const { status, jobId, token, text } = entry
    if (!jobId || token === undefined) return []
    const row = job.get(jobId)
    const gone = !row && !dismissedBefore(jobId, Infinity)
    if (status !== 200 && status !== 201) return []
    if (gone) return [{ rule: 'lost', jobId, token, what: `answered ${status}, not there` }]
    if (status === 201) return []
    if (row && row.state !== 'successful') {
      return [{ rule: 'results', jobId, token, what: `answered 200, but the job is ${row.state}` }]
    }
    if (row && row.results !== text)
      return [{ rule: 'results', jobId, token, what: `answered ${text}, stored ${row.results}` }]
    return tokenIn(text) === token ? [] : [{ rule: 'results', jobId, token, what: `somebody else's results: ${text}` }]
  })
}

/** One request, one job; one key, one job. */
function onceEach({ jobs, entries }: Books): Violation[] {
  const doubles = [...grouped(jobs, ({ token }) => token ?? undefined)].filter(([, all]) => all.length > 1)
  const keys = grouped(entries, ({ key, status }) => (status === 200 || status === 201 ? key : undefined))
  const strays = [...keys].filter(([, all]) => new Set(all.map(({ jobId }) => jobId)).size > 1)
  return [
    ...doubles.map(([token, all]): Violation => {
      return {
        rule: 'duplicated',
        token,
        jobId: all[0]?.id,
        what: `${all.length} jobs: ${all.map(({ id }) => id).join(', ')}`,
      }
    }),
    ...strays.map(([key, all]): Violation => {
      return { rule: 'key', token: all[0]?.token, what: `${key}: ${all.map(({ jobId }) => jobId).join(', ')}` }
    }),
  ]
}

function jobsEnded({ jobs }: Books): Violation[] {
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

function eventsInOrder({ job, eventsOf, dismissedBefore }: Books): Violation[] {
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
    if (last && !ends.has(last.at(-1)?.event ?? '')) last.push(event)
    else lives.push([event])
  }
  return lives
}

function attemptsConsecutive({ jobs, attempts }: Books): Violation[] {
  const before = grouped(attempts, ({ jobId }) => jobId)
  return jobs.flatMap(({ id: jobId, attempt: last }): Violation[] => {
    const numbers = (before.get(jobId) ?? []).map(({ attempt }) => attempt)
    // the last one is in the job's own row, unless the job ended while it waited for another
    const whole = [last - 1, last].some((count) => numbers.join() === range(count).join())
    return whole ? [] : [{ rule: 'attempts', jobId, what: `attempts ${numbers.join(', ')} before attempt ${last}` }]
  })
}

/** The events that were committed reached who subscribed, and no others did. */
function eventsTold({ events, told, job, dismissedBefore }: Books): Violation[] {
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

/** Whoever looked saw the same end and the same results, and what was dismissed stayed so. */
function readsAgree({ asked, job, dismissedBefore }: Books): Violation[] {
  return [...asked].flatMap(([jobId, entries]): Violation[] => {
    const row = job.get(jobId)
    return entries.flatMap((entry): Violation[] => {
      const { op, status, state, code, text, at, ms } = entry
      if (code === 'NO_SUCH_JOB' && !dismissedBefore(jobId, at + ms)) {
        return [{ rule: 'lost', jobId, what: `answered that there is no such job (#${entry.n})` }]
      }
      if (!row) return []
      if (op === 'results' && status === 200 && text !== row.results) {
        return [{ rule: 'changed', jobId, what: `results were ${text}, are ${row.results}` }]
      }
      if (op === 'dismiss' && status === 200 && state === 'dismissed' && row.state !== 'dismissed') {
        return [{ rule: 'undead', jobId, what: `dismissed, and then ${row.state}` }]
      }
      if (state && isFinal(state as JobRow['state']) && state !== row.state) {
        return [{ rule: 'changed', jobId, what: `was ${state} (#${entry.n}), is ${row.state}` }]
      }
      return []
    })
  })
}

function failuresExplained({ jobs, entries, runnersKilled }: Books): Violation[] {
  const failed = jobs.filter(({ state }) => state === 'failed')
  const crashed = failed.filter(({ code }) => code === 'PROCESS_CRASHED')
  return [
    ...failed.flatMap(({ id: jobId, code }): Violation[] => {
      return explained.has(code ?? '') ? [] : [{ rule: 'failed', jobId, what: `failed with ${code}` }]
    }),
    ...(crashed.length > runnersKilled
      ? [
          {
            rule: 'failed' as const,
            jobId: crashed[0]?.id,
            what: `${crashed.length} runs crashed, ${runnersKilled} were killed`,
          },
        ]
      : []),
    ...entries.flatMap(({ code, jobId, token, n }): Violation[] => {
      return code === 'INTERNAL' ? [{ rule: 'internal', jobId, token, what: `answered INTERNAL (#${n})` }] : []
    }),
  ]
}

function tokenIn(text: string | undefined): unknown {
  return (JSON.parse(text ?? '{}') as { text?: unknown }).text
}

function range(last: number): number[] {
  return Array.from({ length: Math.max(0, last) }, (_, n) => n + 1)
}

function grouped<T>(all: readonly T[], by: (one: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const key = by(one)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  return groups
}
