import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { Answer, Http } from '../support/http.ts'

export interface Link {
  readonly rel: string
  readonly href: string
  readonly type: string
}

export interface StatusInfo {
  readonly jobID: string
  readonly processID: string
  readonly status: string
  readonly progress: number
  readonly created: string
  readonly links: readonly Link[]
}

export const exception = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0'
export const relation = 'http://www.opengis.net/def/rel/ogc/1.0'

/** Runs a process. */
export function execute(http: Http, id: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return http(`/processes/${id}/execution`, { method: 'POST', json, headers })
}

/** Starts a process asynchronously, and gives the status that came with 201. */
export async function start(
  http: Http,
  id: string,
  inputs: unknown,
): Promise<StatusInfo & { readonly location: string }> {
  const answer = await execute(http, id, { inputs }, { prefer: 'respond-async' })
  assert.equal(answer.status, 201, answer.text)
  return { ...answer.json<StatusInfo>(), location: answer.headers.get('location') ?? '' }
}

/** Asks for the status of a job until it is what is waited for. */
export async function until(http: Http, jobId: string, wanted: (job: StatusInfo) => boolean): Promise<StatusInfo> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const job = (await http(`/jobs/${jobId}`)).json<StatusInfo>()
    if (wanted(job)) return job
    assert.ok(Date.now() < deadline, `job ${jobId} is still ${job.status}`)
    await wait(50)
  }
}

export function isFinal({ status }: StatusInfo): boolean {
  return ['successful', 'failed', 'dismissed'].includes(status)
}

export function linkOf(links: readonly Link[], rel: string): Link | undefined {
  return links.find((link) => link.rel === rel)
}

/** Asserts an exception of the standard. */
export function assertException(answer: Answer, status: number, name: string): void {
  const { type, status: inBody } = answer.json<{ type: string; status: number }>()
  assert.deepEqual([answer.status, inBody, type], [status, status, `${exception}/${name}`])
}
