import { isFinal } from '@warren/contracts'
import { grouped, type Books, type Violation } from './books.ts'
import type { JobRow } from './facts.ts'

// What users were told, against what is stored.

/** What a fault of ours makes of a run. */
const explained = new Set(['EXECUTOR_LOST', 'TIMEOUT', 'PROCESS_CRASHED', 'UNAVAILABLE'])

/** What was accepted exists; what was given as results is stored as such. */
export function answersKept({ entries, job, dismissedBefore }: Books): Violation[] {
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
export function onceEach({ jobs, entries }: Books): Violation[] {
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

/** Whoever looked saw the same end and the same results, and what was dismissed stayed so. */
export function readsAgree({ asked, job, dismissedBefore }: Books): Violation[] {
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

/** Whoever asked saw attempts without a gap, of which at most the last one went on. */
export function attemptsSeen({ entries }: Books): Violation[] {
  return entries.flatMap(({ op, status, jobId, text = '', n }): Violation[] => {
    if (op !== 'attempts' || status !== 200) return []
    const { attempts } = JSON.parse(text) as { attempts: readonly { attempt: number; outcome: string }[] }
    const whole = attempts.every(({ attempt, outcome }, index) => {
      return attempt === index + 1 && (outcome !== 'running' || attempt === attempts.length)
    })
    return whole ? [] : [{ rule: 'attempts', jobId, what: `seen (#${n}): ${text}` }]
  })
}

/** No run failed but by a fault. */
export function failuresExplained({ jobs, entries, runnersKilled }: Books): Violation[] {
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
