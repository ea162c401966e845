import assert from 'node:assert/strict'
import postgres from 'postgres'
import type { Answer, Http } from './http.ts'
import { eventually } from './wait.ts'

/** The members of a status document that tests look at. */
export interface Status {
  readonly jobID: string
  readonly status: 'accepted' | 'running' | 'successful' | 'failed' | 'dismissed'
  readonly progress: number
  readonly exception?: Failure
  readonly warren: {
    readonly state: string
    readonly attempt: number
    readonly owner: string
    readonly version?: string
    readonly executor?: string
  }
}

/** The members of a problem that tests look at. */
export interface Failure {
  readonly type: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly errors?: readonly { pointer: string; code: string; message: string; expected?: unknown; got?: unknown }[]
  readonly [more: string]: unknown
}

/** The jobs of one gateway. */
export interface Jobs {
  run(processId: string, inputs: object, more?: { warren?: object; outputs?: object }): Promise<Answer>
  /** Starts a job and gives its id. */
  submit(processId: string, inputs: object, more?: { warren?: object; outputs?: object }): Promise<string>
  status(id: string): Promise<Status>
  /** Waits until the job is in one of these states. */
  until(id: string, states: readonly string[], ms?: number): Promise<Status>
  /** Waits for the end. */
  end(id: string, ms?: number): Promise<Status>
}

export const finals = ['successful', 'failed', 'dismissed'] as const

export function jobsOf(http: Http): Jobs {
  const post = (processId: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
    http(`/processes/${processId}/execution`, { method: 'POST', json: body, headers })
  return {
    run: (processId, inputs, more = {}) => post(processId, { inputs, ...more }),
    submit: async (processId, inputs, more = {}) => {
      const answer = await post(processId, { inputs, ...more }, { prefer: 'respond-async' })
      assert.equal(answer.status, 201, answer.text)
      return answer.json<Status>().jobID
    },
    status,
    until,
    end: (id, ms) => until(id, finals, ms),
  }

  async function status(id: string): Promise<Status> {
    const answer = await http(`/jobs/${id}`)
    assert.equal(answer.status, 200, answer.text)
    return answer.json<Status>()
  }

  function until(id: string, states: readonly string[], ms = 20_000): Promise<Status> {
    return eventually(`job ${id} ${states.join(' or ')}`, ms, async () => {
      const job = await status(id)
      return states.includes(job.status) && job
    })
  }
}

/** What the ledger says, seen past all services. */
export interface Ledger {
  readonly sql: postgres.Sql
  count(where?: { state?: string; mode?: string }): Promise<number>
  /** Waits until so many jobs are in a state. */
  reaches(state: string, count: number, ms: number): Promise<void>
  close(): Promise<void>
}

export function openLedger(databaseUrl: string): Ledger {
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => {} })
  return { sql, count, reaches, close: () => sql.end() }

  async function count({ state, mode }: { state?: string; mode?: string } = {}): Promise<number> {
    const [row] = await sql<{ n: number }[]>`
select count(*)::int as n from executor.jobs
where (${state ?? null}::text is null or state = ${state ?? null}) and (${mode ?? null}::text is null or mode = ${mode ?? null})`
    return row?.n ?? 0
  }

  async function reaches(state: string, wanted: number, ms: number): Promise<void> {
    await eventually(`${wanted} jobs ${state}`, ms, async () => (await count({ state })) >= wanted, 50)
  }
}
