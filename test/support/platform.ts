import { after } from 'node:test'
import { createHttp, type Http } from './http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger } from './jobs.ts'
import { startStack, type Stack, type StackOptions } from './stack.ts'

/** A stack with everything that a test looks at it through. */
export interface Platform {
  readonly stack: Stack
  readonly http: Http
  readonly jobs: Jobs
  readonly ledger: Ledger
}

/** Starts a stack for the tests of a file; it is gone after them. */
export async function startPlatform(options: StackOptions = {}): Promise<Platform> {
  const stack = await startStack(options)
  const ledger = openLedger(stack.databaseUrl)
  after(async () => {
    await ledger.close()
    await stack.close()
  })
  const http = await createHttp(stack.url)
  return { stack, http, jobs: jobsOf(http), ledger }
}

/** Nothing stays behind of a test that failed: its jobs are dismissed. */
export async function dismissAll(http: Http): Promise<void> {
  const { jobs } = (await http('/jobs?status=accepted,running&limit=100')).json<{ jobs: { jobID: string }[] }>()
  await Promise.all(jobs.map(({ jobID }) => http(`/jobs/${jobID}`, { method: 'DELETE' })))
}
