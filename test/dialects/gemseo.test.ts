import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { formBody, jsonBody } from './gemseo/httpx.ts'
import { floats, loads } from './gemseo/python.ts'
import { password, startSession } from './gemseo/session.ts'

// A replica of the real client of gemseo-http 3, call by call.

const { discipline, httpx, tokenOf, ledger } = await startSession()

const sellar = { x_1: [1.0], x_shared: [2.0, 0.5], y_2: [1.5], gamma: [0.2] }
const y_1 = Math.sqrt(4 + 0.5 + 1 - 0.3)

describe('construct', () => {
  it('takes a token, both schemas and the defaults', async () => {
    await tokenOf('eve')
    const made = await discipline('Sellar1', { token: undefined, user: 'eve', password })
    const { defaults, inputsSchema, outputsSchema, replies } = made
    assert.deepEqual(defaults, { x_1: [0], x_shared: [1, 0], y_2: [1], gamma: [0.2] })
    assert.deepEqual(Object.keys((inputsSchema as { properties: object }).properties), Object.keys(defaults))
    assert.deepEqual(Object.keys((outputsSchema as { properties: object }).properties), ['y_1'])
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200, 200, 200],
    )
  })

  it('an unknown class is an error with the sentence that the client prints', async () => {
    const sentence = /^RuntimeError: The class Nothing is not available; the available ones are: .*Sellar1, .*\.$/
    await assert.rejects(discipline('Nothing'), ({ message }) => sentence.test(message))
    const token = await tokenOf('ada')
    const path = '/v1/discipline/Nothing/execute?execution_mode=synchronous'
    const reply = await httpx('POST', path, token, jsonBody('{}'))
    assert.equal(reply.status, 404)
    assert.match((loads(reply.text) as { detail: string }).detail, /^The class Nothing is not available; the available/)
  })
})

describe('execute', () => {
  it('synchronously: inputs and outputs, and floats are floats', async () => {
    const made = await discipline('Sellar1')
    const data = await made.execute(sellar)
    assert.deepEqual(data, { ...sellar, y_1: [y_1] })
    assert.equal(made.replies.at(-1)?.status, 200)
    const whole = await made.execute({ x_1: 0.0, x_shared: [2.0, 0.0], y_2: 0.0 })
    assert.match(made.replies.at(-1)?.text ?? '', /"y_1":\[2\.0\]/)
    assert.deepEqual(floats(whole['x_shared']), [2, 0])
    const before = made.replies.length
    await made.execute({ x_1: 0.0, x_shared: [2.0, 0.0], y_2: 0.0 })
    assert.equal(made.replies.length, before, 'the cache has it')
  })

  it('differences that the client makes of what came back are not zero', async () => {
    const made = await discipline('Sellar1')
    const [at] = floats((await made.execute({ x_shared: [2.0, 0.0], y_2: 0.0 }))['y_1'])
    const [near] = floats((await made.execute({ x_shared: [2.0 + 1e-7, 0.0], y_2: 0.0 }))['y_1'])
    assert.ok(Math.abs(((near as number) - (at as number)) / 1e-7 - 1) < 1e-6)
  })

  it('with nothing at all: the defaults', async () => {
    const token = await tokenOf('ada')
    const reply = await httpx('POST', '/v1/discipline/Sellar1/execute/', token)
    assert.equal(reply.status, 200)
    const job = loads(reply.text) as { [member: string]: never }
    assert.deepEqual(Object.keys(job), [
      'id',
      'name',
      'discipline_class_name',
      'discipline_options',
      'job_type',
      'job_status',
      'user_id',
      'workdir',
      'traceback',
      'linearization_mode',
      'linearize_options',
      'differentiated_inputs',
      'differentiated_outputs',
      'input_data',
      'output_data',
      'jacobian_data',
    ])
    assert.equal(typeof job['id'], 'bigint')
    assert.equal(typeof job['user_id'], 'bigint')
    assert.deepEqual([job['job_status'], job['job_type'], job['traceback']], ['finished', 'execute', ''])
    assert.equal(job['input_data'], '{}')
    assert.deepEqual(job['output_data'], {
      x_1: [0],
      x_shared: [1, 0],
      y_2: [1],
      gamma: [0.2],
      y_1: [Math.sqrt(0.8)],
    })
  })

  it('a number is a list of one, as NumPy has it, and unknown inputs are passed over', async () => {
    const token = await tokenOf('ada')
    const body = jsonBody('{"input_data":{"x_1":[3.0],"x_shared":[1.0,0.0],"y_2":0.0,"other":[1.0]}}')
    const reply = await httpx('POST', '/v1/discipline/Sellar1/execute', token, body)
    assert.match(reply.text, /"y_1":\[2\.0\]/)
  })

  it('what does not fit is refused as FastAPI does', async () => {
    const token = await tokenOf('ada')
    for (const text of ['{"linearize":"maybe"}', '{"input_data":{"x_1":"a"}}', '{"discipline_options":{"q":1}}', '[']) {
      const reply = await httpx('POST', '/v1/discipline/Sellar1/execute', token, jsonBody(text))
      assert.equal(reply.status, 422, text)
      const [first] = (loads(reply.text) as unknown as { detail: [{ loc: string[] }] }).detail
      assert.equal(first.loc[0], 'body', text)
    }
  })

  for (const useLongPolling of [true, false]) {
    for (const pollingWaitS of [1, 2]) {
      for (const seconds of [0, 3]) {
        const how = `${useLongPolling ? 'long polls' : 'polls'} of ${pollingWaitS} s for a job of ${seconds} s`
        it(`asynchronously, by ${how}`, { concurrency: true }, async () => {
          const made = await discipline('Slow', { isAsynchronous: true, useLongPolling, pollingWaitS })
          const data = await made.execute({ x: [1.0, 2.5], seconds: seconds + 0.0 })
          assert.deepEqual(floats(data['y']), [2, 5])
          const posted = made.replies.find(({ status }) => status === 202)
          assert.ok(posted, 'it was accepted')
          assert.match(posted.text, /"job_status":"pending"/)
        })
      }
    }
  }

  it('a failing job: the traceback is delivered, synchronously and asynchronously', async () => {
    for (const isAsynchronous of [false, true]) {
      const made = await discipline('Sellar1Remote', { isAsynchronous })
      await assert.rejects(made.execute({ x: -1.0 }), ({ message }) => {
        assert.match(message, /^Traceback \(most recent call last\):/)
        assert.match(message, /RuntimeError: Sellar1Remote discipline has failed\./)
        return true
      })
      assert.equal(made.replies.at(-1)?.status, 200)
    }
  })

  it('the jobs of a user are listed, the first one still pending, and another user does not see them', async () => {
    const token = await tokenOf('cid')
    const body = jsonBody('{"input_data":{"seconds":2.0}}')
    const path = '/v1/discipline/Slow/execute?execution_mode=asynchronous'
    const accepted = await Promise.all(Array.from({ length: 6 }, () => httpx('POST', path, token, body)))
    assert.deepEqual(new Set(accepted.map(({ status }) => status)), new Set([202]))
    const listed = loads((await httpx('GET', '/v1/job', token)).text) as unknown as { id: bigint; job_status: string }[]
    assert.equal(listed.length, 6)
    assert.ok(listed.some(({ job_status: status }) => status === 'pending' || status === 'running'))
    const other = await tokenOf('dan')
    assert.equal((await httpx('GET', '/v1/job', other)).text, '[]')
    for (const path of ['', '/files', '/files/download?filename=x']) {
      const reply = await httpx('GET', `/v1/job/${listed[0]?.id}${path}`, other)
      assert.ok(reply.status === 401 || reply.status === 404, path)
      assert.equal(typeof loads(reply.text), 'string', path)
    }
  })
})

describe('long', { concurrency: true }, () => {
  it('a synchronous run of 12 s, for a client that gives up after 5 s of silence', async () => {
    const made = await discipline('Slow')
    const data = await made.execute({ x: [1.0], seconds: 12.0 })
    assert.deepEqual(floats(data['y']), [2])
    const last = made.replies.at(-1)
    assert.ok(last && last.headMs < 4_000 && last.silenceMs < 4_000, `${last?.headMs} ms, ${last?.silenceMs} ms`)
    assert.match(last.text, /^ {3,}\{/)
  })

  it('a job of 30 s, by long polls that all answer before the client gives up', async () => {
    const made = await discipline('Slow', { isAsynchronous: true })
    const data = await made.execute({ x: [1.0], seconds: 30.0 })
    assert.deepEqual(floats(data['y']), [2])
    const polls = made.replies.slice(4)
    assert.ok(polls.length >= 7 && polls.length <= 12, `${polls.length} polls`)
    assert.ok(polls.every(({ headMs, status }) => status === 200 && headMs < 4_800))
  })
})

describe('errors of a poll', () => {
  it('are a text and never an object', async () => {
    const token = await tokenOf('ada')
    const polls: [string, string | undefined, number][] = [
      ['/v1/job/999999', token, 404],
      ['/v1/job/None', token, 422],
      ['/v1/job/1?long_polling=perhaps', token, 422],
      ['/v1/job/1?long_polling=True&long_polling_timeout=-1', token, 422],
      ['/v1/job/1', undefined, 401],
      ['/v1/job/1', 'x.y.z', 401],
    ]
    for (const [path, held, status] of polls) {
      const reply = await httpx('GET', path, held)
      assert.equal(reply.status, status, path)
      assert.equal(typeof loads(reply.text), 'string', path)
    }
  })
})

describe('tokens', () => {
  it('a wrong password, and tokens that are forged or whose time is over', async () => {
    await tokenOf('ada')
    const wrong = await httpx('POST', '/token', undefined, formBody({ username: 'ada', password: 'wrong' }))
    assert.deepEqual([wrong.status, loads(wrong.text)], [401, { detail: 'Incorrect username or password' }])
    const [{ key }] = (await ledger.sql`select key from registry.token_key`) as unknown as [{ key: string }]
    const [{ number }] = (await ledger.sql`select number from registry.users where name = 'ada'`) as unknown as [
      { number: number },
    ]
    const claims = { sub: `user-${number}`, gen: 0, exp: Math.floor(Date.now() / 1_000) + 60 }
    const secret = Buffer.from(key, 'base64')
    const own = await httpx('GET', '/v1/discipline', sign(claims, secret))
    assert.equal(own.status, 200, 'signed with the key it is good')
    const refused = { detail: 'Could not validate credentials' }
    for (const token of [
      sign({ ...claims, exp: claims.exp - 120 }, secret),
      sign(claims, Buffer.from('a-secret-that-everybody-has')),
      sign({ ...claims, sub: 'ada' }, secret),
    ]) {
      const reply = await httpx('GET', '/v1/discipline', token)
      assert.deepEqual([reply.status, loads(reply.text)], [401, refused])
      assert.equal(reply.headers['www-authenticate'], 'Bearer')
      await assert.rejects(discipline('Sellar1', { token }), /^Error: RuntimeError: Could not validate credentials$/)
      assert.equal(loads((await httpx('GET', '/v1/job/1', token)).text), refused.detail)
    }
    const without = await httpx('GET', '/v1/discipline')
    assert.deepEqual([without.status, loads(without.text)], [401, { detail: 'Not authenticated' }])
  })
})

function sign(claims: object, secret: Buffer): string {
  const text = [{ alg: 'HS256', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}
