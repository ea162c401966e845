import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import {
  assertException,
  execute,
  isFinal,
  linkOf,
  relation,
  start,
  until,
  type Link,
  type StatusInfo,
} from './client.ts'

const stack = await startStack()
after(() => stack.close())
const http = await createHttp(stack.url)

interface Jobs {
  readonly jobs: readonly StatusInfo[]
  readonly links: readonly Link[]
}

async function list(query: string): Promise<readonly StatusInfo[]> {
  const answer = await http(`/jobs?${query}`)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<Jobs>().jobs
}

describe('req/core: status of a job', () => {
  it('job-success: links by state', async () => {
    const { jobID, location } = await start(http, 'echo', { text: 'hi', pause: 1 })
    const running = await until(http, jobID, ({ status }) => status === 'running')
    assert.ok(linkOf(running.links, 'monitor'))
    assert.equal(linkOf(running.links, `${relation}/results`), undefined)
    assert.equal(linkOf(running.links, 'self')?.href, location)
    const done = await until(http, jobID, isFinal)
    assert.equal(done.status, 'successful')
    assert.equal(linkOf(done.links, 'monitor'), undefined)
    assert.equal((await http(linkOf(done.links, `${relation}/results`)?.href ?? '')).status, 200)
    assert.equal((await http(linkOf(done.links, 'up')?.href ?? '')).json().id, 'echo')
  })

  it('job-exception/no-such-job', async () => {
    assertException(await http('/jobs/no-such-job'), 404, 'no-such-job')
    assertException(await http('/jobs/no.such.job'), 404, 'no-such-job')
  })
})

describe('req/job-list', () => {
  const made: string[] = []

  before(async () => {
    for (const text of ['a', 'b', 'c', 'd', 'e']) {
      const { jobID } = await start(http, 'echo', { text, ...(text === 'e' && { fail: 'on purpose' }) })
      made.push(jobID)
      await until(http, jobID, isFinal)
    }
    await execute(http, 'word-count', { inputs: { text: 'one two' } })
  })

  it('job-list-success', async () => {
    const jobs = await list('limit=1000')
    for (const id of made) assert.ok(jobs.some(({ jobID }) => jobID === id))
    assert.ok((await list('')).length <= 10)
  })

  it('processID-response', async () => {
    assert.ok((await list('processID=word-count')).every(({ processID }) => processID === 'word-count'))
    const ids = new Set((await list('processID=word-count,echo&limit=1000')).map(({ processID }) => processID))
    assert.deepEqual([...ids].toSorted(), ['echo', 'word-count'])
    assert.deepEqual(await list('processID=no-such-process'), [])
    assert.deepEqual(await list('processID=no.such.process'), [])
  })

  it('status-definition, status-response', async () => {
    const failed = await list('status=failed')
    assert.ok(failed.length > 0 && failed.every(({ status }) => status === 'failed'))
    const both = new Set((await list('status=failed&status=successful&limit=1000')).map(({ status }) => status))
    assert.deepEqual([...both].toSorted(), ['failed', 'successful'])
    assertException(await http('/jobs?status=paused'), 400, 'invalid-query-parameter-value')
  })

  it('type-definition, type-response', async () => {
    assert.ok((await list('type=process')).length > 0)
    assert.deepEqual(await list('type=coverage'), [])
  })

  it('datetime-definition, datetime-response', async () => {
    const { created } = (await http(`/jobs/${made[2]}`)).json<StatusInfo>()
    const ids = async (datetime: string): Promise<string[]> =>
      (await list(`limit=1000&processID=echo&datetime=${encodeURIComponent(datetime)}`)).map(({ jobID }) => jobID)
    assert.deepEqual(await ids(created), [made[2]])
    const until = await ids(`../${created}`)
    const from = await ids(`${created}/..`)
    assert.ok(until.includes(made[2] ?? '') && from.includes(made[2] ?? ''))
    assert.ok(until.includes(made[0] ?? '') && !until.includes(made[4] ?? ''))
    assert.ok(from.includes(made[4] ?? '') && !from.includes(made[0] ?? ''))
    assertException(await http('/jobs?datetime=yesterday'), 400, 'invalid-query-parameter-value')
  })

  it('duration-definition, duration-response', async () => {
    const { jobID } = await start(http, 'echo', { text: 'slow', pause: 20 })
    const startedAt = Date.now()
    const long = async (): Promise<string[]> => (await list('minDuration=1')).map(({ jobID }) => jobID)
    assert.ok(!(await long()).includes(jobID))
    await until(http, jobID, () => Date.now() - startedAt > 3_000)
    assert.ok((await long()).includes(jobID), 'a running job counts until now')
    assert.ok(!(await list('maxDuration=1&limit=1000')).some((job) => job.jobID === jobID))
    await http(`/jobs/${jobID}`, { method: 'DELETE' })
    assertException(await http('/jobs?minDuration=-1'), 400, 'invalid-query-parameter-value')
  })

  it('limit-definition, limit-response', async () => {
    assert.equal((await list('limit=2')).length, 2)
    for (const limit of ['0', '10001', 'x']) {
      assertException(await http(`/jobs?limit=${limit}`), 400, 'invalid-query-parameter-value')
    }
  })

  it('links: pages lose and double nothing while jobs arrive', async () => {
    const seen: string[] = []
    for (let next: string | undefined = '/jobs?limit=2&processID=echo'; next !== undefined;) {
      const { jobs, links }: Jobs = (await http(next)).json()
      seen.push(...jobs.map(({ jobID }) => jobID))
      next = linkOf(links, 'next')?.href
      await execute(http, 'echo', { inputs: { text: 'meanwhile' } })
    }
    assert.equal(new Set(seen).size, seen.length)
    for (const id of made) assert.ok(seen.includes(id))
    assertException(await http('/jobs?after=not-a-cursor'), 400, 'invalid-query-parameter-value')
  })
})

describe('req/dismiss', () => {
  it('job-dismiss-success: an active job', async () => {
    const { jobID } = await start(http, 'echo', { text: 'hi', pause: 30 })
    await until(http, jobID, ({ status }) => status === 'running')
    const answer = await http(`/jobs/${jobID}`, { method: 'DELETE' })
    assert.deepEqual([answer.status, answer.json<StatusInfo>().status], [200, 'dismissed'])
    assert.equal((await http(`/jobs/${jobID}`)).json<StatusInfo>().status, 'dismissed')
    assertException(await http(`/jobs/${jobID}/results`), 404, 'result-not-available')
  })

  it('job-dismiss-success: a finished job is gone afterwards', async () => {
    const { jobID } = await start(http, 'echo', { text: 'hi' })
    await until(http, jobID, isFinal)
    assert.equal((await http(`/jobs/${jobID}`, { method: 'DELETE' })).status, 200)
    assertException(await http(`/jobs/${jobID}`), 404, 'no-such-job')
    assertException(await http(`/jobs/${jobID}`, { method: 'DELETE' }), 404, 'no-such-job')
  })

  it('job-dismiss-op: an unknown job', async () => {
    assertException(await http('/jobs/no-such-job', { method: 'DELETE' }), 404, 'no-such-job')
  })
})
