import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { executor } from '@warren/contracts'
import { client, joinMesh, type Mesh } from '@warren/mesh'
import { createHttp, type Answer, type Http } from './support/http.ts'
import { recordingLog } from './support/mesh.ts'
import { jobsOf, openLedger, type Failure, type Jobs, type Ledger } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'

// A request that is sent again is not done again.

let stack: Stack
let http: Http
let jobs: Jobs
let ledger: Ledger
let mesh: Mesh

before(async () => {
  stack = await startStack({ env: { OWNER_QUEUED: '40' } })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
  ledger = openLedger(stack.databaseUrl)
  mesh = joinMesh('test', 'safety', stack.amqpUrl, recordingLog())
})

after(async () => {
  await mesh?.close()
  await ledger?.close()
  await stack?.close()
})

const run = (text: string, key: string, headers: Record<string, string> = {}, more: object = {}): Promise<Answer> =>
  http('/processes/echo/execution', {
    method: 'POST',
    headers: { 'idempotency-key': key, ...headers },
    json: { inputs: { text, ...more } },
  })
const later = { prefer: 'respond-async' }

describe('Idempotency-Key', () => {
  it('same key, same body: the same job, however many at once', async () => {
    const before = await ledger.count()
    const answers = await Promise.all(Array.from({ length: 8 }, () => run('once', 'k1', later)))
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
    assert.equal(new Set(answers.map((answer) => answer.json<{ jobID: string }>().jobID)).size, 1)
    assert.equal(await ledger.count(), before + 1)
  })

  it('same key, other body: 422, and nothing is stored', async () => {
    await run('first', 'k2', later)
    const before = await ledger.count()
    for (const headers of [later, {}]) {
      const answer = await run('second', 'k2', headers)
      assert.deepEqual([answer.status, answer.json<Failure>().code], [422, 'KEY_REUSED'])
    }
    assert.equal(await ledger.count(), before)
  })

  it('a synchronous run is answered again, not run again', async () => {
    const first = await run('sync', 'k3')
    const again = await run('sync', 'k3')
    assert.deepEqual([first.status, again.status], [200, 200])
    assert.equal(again.text, first.text)
    const job = (answer: Answer): string | undefined => /jobs\/([\w-]+)/.exec(answer.headers.get('link') ?? '')?.[1]
    assert.ok(job(first))
    assert.equal(job(again), job(first))
  })

  it('a failure is answered again too', async () => {
    const [first, again] = [
      await run('x', 'k4', {}, { fail: 'on purpose' }),
      await run('x', 'k4', {}, { fail: 'on purpose' }),
    ]
    assert.ok(first.status >= 400)
    assert.deepEqual([again.status, again.json<Failure>().code], [first.status, first.json<Failure>().code])
  })

  it('while the first is under way the second is a conflict that says when to come back', async () => {
    const first = run('slow', 'k5', {}, { pause: 1 })
    let second = await run('slow', 'k5', {}, { pause: 1 })
    // whichever came first runs
    if (second.status === 200) second = await first
    assert.deepEqual([second.status, second.json<Failure>().code], [409, 'CONFLICT'])
    assert.ok(Number(second.headers.get('retry-after')) > 0)
    await first
    assert.equal((await run('slow', 'k5', {}, { pause: 1 })).status, 200)
  })

  it('something that is no key is 400', async () => {
    assert.equal((await run('x', 'a'.repeat(256))).status, 400)
  })
})

describe('a message that comes twice', () => {
  it('is one job, by its message id', async () => {
    const executors = client(executor, mesh)
    const body = '{"processId":"echo","inputs":{"text":"twice"}}'
    const [one, two] = await Promise.all([
      executors.submit({ body }, { messageId: 'intent-1' }),
      executors.submit({ body }, { messageId: 'intent-1' }),
    ])
    assert.equal(one.id, two.id)
    const other = await executors.submit({ body }, { messageId: 'intent-2' })
    assert.notEqual(other.id, one.id)
    const stranger = await executors.submit({ body }, { messageId: 'intent-1', principal: 'somebody-else' })
    assert.notEqual(stranger.id, one.id, 'ids of messages count within their principal')
  })
})

describe('too many jobs of one owner', () => {
  it('are 429 with Retry-After, and nothing of the others is lost', async () => {
    const answers = await Promise.all(
      Array.from({ length: 80 }, () =>
        http('/processes/echo/execution', {
          method: 'POST',
          headers: later,
          json: { inputs: { text: 'many', pause: 1 }, warren: { start: true } },
        }),
      ),
    )
    const accepted = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status === 429)
    assert.equal(accepted.length + refused.length, 80)
    assert.ok(refused.length >= 30 && accepted.length >= 30, `${refused.length} refused`)
    for (const answer of refused) {
      assert.equal(answer.json<Failure>().code, 'TOO_MANY')
      assert.ok(Number(answer.headers.get('retry-after')) > 0)
    }
    for (const answer of accepted) {
      const { jobID } = answer.json<{ jobID: string }>()
      const stopped = await http(`/jobs/${jobID}`, { method: 'DELETE' })
      assert.equal(stopped.status, 200)
    }
    assert.equal((await jobs.run('echo', { text: 'free again' })).status, 200)
  })
})
