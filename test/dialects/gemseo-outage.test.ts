import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually } from '../support/wait.ts'
import { jsonBody } from './gemseo/httpx.ts'
import { floats, loads } from './gemseo/python.ts'
import { logIn } from './gemseo/client.ts'
import { password, startSession } from './gemseo/session.ts'

// The client takes what it does not understand for the end of a job, or asks again at once: so an outage is no answer.
// And a client that is gone wants nothing more.

const { discipline, httpx, tokenOf, stack } = await startSession({ proxies: true })
const { broker } = stack.proxies as NonNullable<typeof stack.proxies>

it('a run survives the loss of the broker, with its client waiting for it or polling', async () => {
  const runs = [false, true].map(async (isAsynchronous) => {
    const made = await discipline('Slow', { isAsynchronous })
    const data = await made.execute({ x: [1.0], seconds: 6.0 })
    assert.deepEqual(floats(data['y']), [2])
    assert.ok(made.replies.every(({ headMs, silenceMs }) => headMs < 5_000 && silenceMs < 5_000))
    return made.replies.length
  })
  await wait(2_000)
  broker.refuse(true)
  broker.cut()
  await wait(3_000)
  broker.refuse(false)
  const [, polled] = await Promise.all(runs)
  assert.ok((polled as number) < 12, `${polled} calls: it does not ask again and again`)
})

for (const service of ['executor', 'registry'] as const) {
  it(`a poll is pending, and answered in time, while the ${service} does not answer`, async () => {
    const token = await tokenOf(`${service}-user`)
    const path = '/v1/discipline/Slow/execute?execution_mode=asynchronous'
    const accepted = await httpx('POST', path, token, jsonBody('{"input_data":{"seconds":1.0}}'))
    const { id } = loads(accepted.text) as { id: bigint }
    // another token of the same user, which nobody has seen yet
    await wait(1_100)
    const fresh = await logIn(httpx, `${service}-user`, password)
    await stack.signal(service, 'SIGSTOP')
    try {
      const held = service === 'registry' ? fresh : token
      const poll = await httpx('GET', `/v1/job/${id}?long_polling=True&long_polling_timeout=10.0`, held)
      assert.equal(poll.status, 200, poll.text)
      if (service === 'executor') assert.match(poll.text, new RegExp(`^\\{"id":${id},"job_status":"(pending|running)"`))
    } finally {
      await stack.signal(service, 'SIGCONT')
    }
    for (;;) {
      const poll = await httpx('GET', `/v1/job/${id}?long_polling=True&long_polling_timeout=10.0`, token)
      if (/"job_status":"finished"/.test(poll.text)) break
      assert.match(poll.text, /"job_status":"(pending|running)"/)
    }
  })
}

describe('a client that goes away', () => {
  for (const [when, afterMs] of [
    ['before the head of the answer', 1_000],
    ['while it is waiting for the body', 3_000],
  ] as const) {
    it(`${when} stops its synchronous run`, async () => {
      const token = await tokenOf(`leaver-${afterMs}`)
      const init = {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
        body: '{"input_data":{"seconds":30.0}}',
        signal: AbortSignal.timeout(afterMs),
      }
      const path = '/v1/discipline/Slow/execute?execution_mode=synchronous'
      await assert.rejects(fetch(`${stack.url}${path}`, init).then((answer) => answer.text()))
      await eventually('the job has failed', 10_000, async () => {
        const [job] = loads((await httpx('GET', '/v1/job', token)).text) as unknown as [{ job_status: string }]
        return job.job_status === 'failed'
      })
    })
  }
})
