import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { assertException, execute, isFinal, linkOf, until, type StatusInfo } from './client.ts'

const stack = await startStack()
after(() => stack.close())
const http = await createHttp(stack.url)

const sellar = { x_1: 1.0, x_2: 1.0, x_shared: [5.0, 2.0], y_1: 1.0, y_2: 1.0 }

describe('req/core: execute', () => {
  it('process-execute-op, process-execute-request', async () => {
    const answer = await execute(http, 'echo', { inputs: { text: 'hi' } })
    assert.deepEqual([answer.status, answer.type, answer.json()], [200, 'application/json', { text: 'hi' }])
  })

  it('process-execute-inputs: an unknown process', async () => {
    assertException(await execute(http, 'no-such-process', { inputs: {} }), 404, 'no-such-process')
  })

  it('process-execute-input-inline', async () => {
    const { obj } = (await execute(http, 'SellarSystem', { inputs: sellar })).json<{ obj: number }>()
    assert.ok(Math.abs(obj - (1 + 1 + 1 + 2 + Math.exp(-1))) < 1e-12, String(obj))
  })

  it('process-execute-input-inline-object: a qualified value', async () => {
    const answer = await execute(http, 'echo', { inputs: { text: { value: 'hi' } } })
    assert.deepEqual(answer.json(), { text: 'hi' })
  })

  it('process-execute-input-validation', async () => {
    const wrong = [
      {},
      { inputs: {} },
      { 'invalid-execute-request': 'true)' },
      { inputs: { text: 1 } },
      { inputs: { text: ['a', 'b'] } },
      { inputs: { text: null } },
      { inputs: { text: 'a', unheardOf: 1 } },
      { inputs: [] },
      { inputs: { text: 'a' }, outputs: { unheardOf: {} } },
    ]
    for (const body of wrong) assert.equal((await execute(http, 'echo', body)).status, 400, JSON.stringify(body))
    for (const value of ['1', true, {}, null, [1]]) {
      const answer = await execute(http, 'SellarSystem', { inputs: { ...sellar, x_1: value } })
      assert.equal(answer.status, 400, JSON.stringify(value))
      const { errors } = answer.json<{ errors: { pointer: string }[] }>()
      assert.match(errors[0]?.pointer ?? '', /^\/inputs\/x_1/)
    }
  })

  it('process-execute-input-validation: text that is no JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    const answer = await http('/processes/echo/execution', { method: 'POST', body: '{"inputs": }', headers })
    const { line, column } = answer.json<{ line: number; column: number }>()
    assert.deepEqual([answer.status, line, column], [400, 1, 12])
    const csv = await http('/processes/echo/execution', {
      method: 'POST',
      body: 'a',
      headers: { 'content-type': 'text/csv' },
    })
    assert.equal(csv.status, 415)
    const large = await execute(http, 'echo', { inputs: { text: 'x'.repeat(2 ** 21) } })
    assert.equal(large.status, 413)
  })

  it('process-execute-sync-failed', async () => {
    const answer = await execute(http, 'echo', { inputs: { text: 'hi', fail: 'on purpose' } })
    const { code, detail } = answer.json<{ code: string; detail: string }>()
    assert.deepEqual([answer.status, code], [500, 'PROCESS_FAILED'])
    assert.match(detail, /on purpose/)
  })
})

describe('a client that goes away', () => {
  it('takes its run with it', async () => {
    const url = `${stack.url}/processes/echo/execution`
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ inputs: { text: 'hi', pause: 30 } })
    const signal = AbortSignal.timeout(700)
    await assert.rejects(fetch(url, { method: 'POST', headers, body, signal }), { name: 'TimeoutError' })
    const [job] = (await http('/jobs?processID=echo&limit=1')).json<{ jobs: StatusInfo[] }>().jobs
    assert.ok(job)
    const end = await until(http, job.jobID, isFinal)
    assert.notEqual(end.status, 'successful')
  })
})

describe('req/core: execution mode of a process that can do both', () => {
  const body = { inputs: { text: 'hi' } }

  it('process-execute-default-execution-mode', async () => {
    const answer = await execute(http, 'echo', body)
    assert.deepEqual([answer.status, answer.headers.get('preference-applied')], [200, null])
    const [, monitor = ''] = /<([^>]+)>; rel="monitor"/.exec(answer.headers.get('link') ?? '') ?? []
    const job = (await http(monitor)).json<StatusInfo>()
    assert.deepEqual([job.status, job.processID], ['successful', 'echo'])
  })

  it('process-execute-auto-execution-mode, process-execute-success-async', async () => {
    const answer = await execute(http, 'echo', body, { prefer: 'respond-async' })
    const job = answer.json<StatusInfo>()
    assert.deepEqual([answer.status, answer.headers.get('preference-applied')], [201, 'respond-async'])
    assert.equal(answer.headers.get('location'), `${stack.url}/jobs/${job.jobID}`)
    assert.equal(linkOf(job.links, 'self')?.href, answer.headers.get('location'))
    const end = await until(http, job.jobID, isFinal)
    assert.equal(end.status, 'successful')
  })

  it('respond-async, wait: the results when they come in time', async () => {
    const answer = await execute(http, 'echo', body, { prefer: 'respond-async, wait=20' })
    assert.deepEqual([answer.status, answer.json()], [200, { text: 'hi' }])
    assert.equal(answer.headers.get('preference-applied'), 'respond-async, wait=20')
  })

  it('respond-async, wait: the same job when they do not', async () => {
    const slow = { inputs: { text: 'hi', pause: 2 } }
    const startedAt = Date.now()
    const answer = await execute(http, 'echo', slow, { prefer: 'respond-async, wait=1' })
    assert.equal(answer.status, 201)
    assert.ok(Date.now() - startedAt < 1_900)
    await until(http, answer.json<StatusInfo>().jobID, isFinal)
    assert.deepEqual((await http(`${answer.headers.get('location')}/results`)).json(), { text: 'hi' })
  })

  it('ignores preferences that it does not know', async () => {
    const answer = await execute(http, 'echo', body, { prefer: 'handling=lenient, unheard-of; x=1' })
    assert.deepEqual([answer.status, answer.headers.get('preference-applied')], [200, null])
  })
})
