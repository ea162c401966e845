import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { assertException, execute, isFinal, start, until } from './client.ts'

const stack = await startStack({ env: { MAX_INLINE_BYTES: '1000' } })
after(() => stack.close())
const http = await createHttp(stack.url)

const inputs = { x_1: 1.0, x_2: 0.0, x_shared: [1.0, 0.0], y_1: 2.0, y_2: 3.0 }
const run = (body: object, headers: Record<string, string> = {}): ReturnType<typeof execute> =>
  execute(http, 'SellarSystem', { inputs, ...body }, headers)

describe('req/core: results of a synchronous run', () => {
  it('process-execute-default-outputs', async () => {
    assert.deepEqual(Object.keys((await run({})).json()).toSorted(), ['c_1', 'c_2', 'obj'])
    assert.deepEqual(Object.keys((await run({ outputs: { obj: {} } })).json()), ['obj'])
  })

  it('process-execute-sync-one', async () => {
    const number = await run({ outputs: { c_2: {} }, response: 'raw' })
    assert.deepEqual([number.status, number.type, Number(number.text)], [200, 'application/json', 3 - 24])
    const text = await execute(http, 'echo', { inputs: { text: 'hi' }, response: 'raw' })
    assert.deepEqual([text.type, text.text], ['text/plain;charset=utf-8', 'hi'])
  })

  it('process-execute-sync-raw-value-multi', async () => {
    const answer = await run({ response: 'raw' })
    assert.match(answer.type, /^multipart\/related/)
    for (const name of ['obj', 'c_1', 'c_2']) assert.match(answer.text, new RegExp(`\r\nContent-ID: ${name}\r\n`))
    assert.equal((await run({ response: 'raw' }, { accept: 'application/json' })).type, 'application/json')
    assert.match((await run({}, { accept: 'multipart/related' })).type, /^multipart\/related/)
  })

  it('process-execute-sync-raw-ref', async () => {
    const answer = await run({ response: 'raw', outputs: { obj: { transmissionMode: 'reference' } } })
    assert.equal(answer.status, 204)
    const [, href = ''] = /<([^>]+\/results\/obj)>/.exec(answer.headers.get('link') ?? '') ?? []
    assert.equal(typeof (await http(href)).json(), 'number')
  })

  it('process-execute-sync-raw-mixed-multi', async () => {
    const answer = await run({ response: 'raw', outputs: { obj: { transmissionMode: 'reference' }, c_1: {} } })
    assert.match(answer.text, /Content-ID: obj\r\nContent-Location: http/)
  })

  it('process-execute-sync-document', async () => {
    const outputs = { obj: { transmissionMode: 'reference' }, c_1: { transmissionMode: 'value' } }
    const document = (await run({ response: 'document', outputs })).json<{ obj: { href: string }; c_1: number }>()
    assert.equal(typeof document.c_1, 'number')
    assert.equal((await http(document.obj.href)).status, 200)
  })

  it('outputs: {} runs and sends nothing', async () => {
    assert.equal((await run({ outputs: {} })).status, 204)
  })

  it('a large value is a link to it, unless the client wants the value', async () => {
    const text = 'a long text, '.repeat(100)
    const echo = (body: object, headers = {}) => execute(http, 'echo', { inputs: { text }, ...body }, headers)
    const answer = await echo({})
    const { href, type } = answer.json<{ text: { href: string; type: string } }>().text
    assert.equal(type, 'text/plain;charset=utf-8')
    const read = await http(href)
    assert.deepEqual([read.type, read.text], [type, text])
    const prefer = { prefer: 'return=representation' }
    const whole = await echo({}, prefer)
    assert.deepEqual(whole.json(), { text })
    assert.equal(whole.headers.get('preference-applied'), 'return=representation')
    assert.deepEqual((await echo({ outputs: { text: { transmissionMode: 'value' } } })).json(), { text })
    assert.equal((await echo({ response: 'raw' })).text, text)
    // as the results of a job that is over
    const results = href.slice(0, href.lastIndexOf('/'))
    assert.deepEqual((await http(results)).json(), answer.json())
    const again = await http(results, { headers: prefer })
    assert.deepEqual([again.json(), again.headers.get('preference-applied')], [{ text }, 'return=representation'])
  })

  it('numbers stay as the process wrote them', async () => {
    const answer = await execute(http, 'rosenbrock', { inputs: { x: [1.0, 1.0] } })
    assert.match(answer.text, /:\s*0\.0\b/, answer.text)
  })
})

describe('req/core: results of a job', () => {
  it('job-results, job-results-async-document', async () => {
    const { jobID } = await start(http, 'SellarSystem', inputs)
    await until(http, jobID, isFinal)
    const results = (await http(`/jobs/${jobID}/results`)).json()
    assert.deepEqual(Object.keys(results).toSorted(), ['c_1', 'c_2', 'obj'])
    assert.deepEqual(Object.keys((await http(`/jobs/${jobID}/results?outputs=obj,c_1`)).json()), ['obj', 'c_1'])
    assertException(await http(`/jobs/${jobID}/results?outputs=obj,nope`), 400, 'no-such-output')
    assert.equal((await http(`/jobs/${jobID}/results/obj`)).json(), results.obj)
    assertException(await http(`/jobs/${jobID}/results/nope`), 400, 'no-such-output')
  })

  it('job-results-exception/results-not-ready', async () => {
    const { jobID } = await start(http, 'echo', { text: 'hi', pause: 3 })
    assertException(await http(`/jobs/${jobID}/results`), 404, 'result-not-ready')
    await http(`/jobs/${jobID}`, { method: 'DELETE' })
  })

  it('job-results-failed', async () => {
    const { jobID } = await start(http, 'echo', { text: 'hi', fail: 'on purpose' })
    const job = await until(http, jobID, isFinal)
    assert.equal(job.status, 'failed')
    const answer = await http(`/jobs/${jobID}/results`)
    assert.deepEqual([answer.status, answer.json<{ code: string }>().code], [500, 'PROCESS_FAILED'])
  })

  it('job-results-exception/no-such-job', async () => {
    assertException(await http('/jobs/no-such-job/results'), 404, 'no-such-job')
    assertException(await http('/jobs/no-such-job/results/obj'), 404, 'no-such-job')
  })
})
