import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createHttp, type Answer, type Http } from './support/http.ts'
import { finals, jobsOf, openLedger, type Failure, type Jobs, type Ledger } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually, isAlive } from './support/wait.ts'

// What people get when the input is bad or something is down.

const here = import.meta.dirname
const ogc = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0'
const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
let stack: Stack
let http: Http
let jobs: Jobs
let ledger: Ledger

before(async () => {
  stack = await startStack({
    executors: ['executor', 'executor-of-trouble'],
    processes: { executor: [join(here, '../processes')], 'executor-of-trouble': [join(here, 'processes')] },
    slots: 4,
    proxies: true,
  })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
  ledger = openLedger(stack.databaseUrl)
})

after(async () => {
  await ledger?.close()
  await stack?.close()
  rmSync(folder, { recursive: true, force: true })
})

const failureOf = (answer: Answer): Failure => {
  assert.match(answer.type, /^application\/problem\+json/)
  const problem = answer.json<Failure>()
  assert.equal(problem.status, answer.status)
  return problem
}

describe('bad input', () => {
  for (const prefer of ['respond-sync', 'respond-async']) {
    it(`malformed JSON is 400 and says where (${prefer})`, async () => {
      const answer = await http('/processes/echo/execution', {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer },
        body: '{\n  "inputs": { "text": "hi", }\n}',
      })
      const { code, position, line, column } = failureOf(answer)
      assert.deepEqual([answer.status, code, position, line, column], [400, 'BAD_INPUT', 30, 2, 29])
    })

    it(`every wrong input is told at once, and nothing is stored (${prefer})`, async () => {
      const before = await ledger.count()
      const answer = await http('/processes/heat/execution', {
        method: 'POST',
        headers: { prefer },
        json: { inputs: { points: 2, steps: 'many', safety: 7, speed: 1 } },
      })
      assert.equal(answer.status, 400, answer.text)
      const { code, errors = [] } = failureOf(answer)
      assert.equal(code, 'BAD_INPUT')
      const told = errors
        .map(({ pointer, code, expected, got }) => ({ pointer, code, expected, got }))
        .toSorted((a, b) => (a.pointer < b.pointer ? -1 : 1))
      assert.deepEqual(told, [
        { pointer: '/inputs/points', code: 'minimum', expected: 3, got: 2 },
        { pointer: '/inputs/safety', code: 'maximum', expected: 1, got: 7 },
        { pointer: '/inputs/speed', code: 'additionalProperties', expected: 'nothing of this name', got: 1 },
        { pointer: '/inputs/steps', code: 'type', expected: 'integer', got: 'many' },
      ])
      assert.equal(await ledger.count(), before)
    })

    it(`a missing input is told by its pointer (${prefer})`, async () => {
      const answer = await http('/processes/echo/execution', { method: 'POST', headers: { prefer }, json: {} })
      assert.equal(answer.status, 400, answer.text)
      const [error] = failureOf(answer).errors ?? []
      assert.deepEqual([error?.pointer, error?.code, error?.got], ['/inputs/text', 'required', 'nothing'])
    })
  }

  it('an unknown process and an unknown job are 404 with the types of the standard', async () => {
    const calls: [Promise<Answer>, string][] = [
      [jobs.run('no-such-process', {}), 'no-such-process'],
      [http('/processes/no-such-process'), 'no-such-process'],
      [http('/jobs/no-such-job'), 'no-such-job'],
      [http('/jobs/no-such-job/results'), 'no-such-job'],
      [http('/jobs/no-such-job', { method: 'DELETE' }), 'no-such-job'],
    ]
    for (const [call, type] of calls) {
      const answer = await call
      assert.equal(answer.status, 404, answer.text)
      assert.equal(failureOf(answer).type, `${ogc}/${type}`)
    }
  })

  it('a body over the limit is 413 before it was sent', async () => {
    const announced = await sendPart('Content-Length: 50000000', '{"inputs":{"text":"')
    assert.match(announced, /^HTTP\/1\.1 413 /)
    assert.match(announced, /"code":"TOO_LARGE"/)
    const chunk = 'x'.repeat(65_536)
    const chunked = await sendPart('Transfer-Encoding: chunked', `10000\r\n${chunk}\r\n`.repeat(17))
    assert.match(chunked, /^HTTP\/1\.1 413 /)
  })
})

/** Sends the beginning of a request, and gives what comes back although the rest never goes. */
async function sendPart(header: string, body: string): Promise<string> {
  const { host, hostname, port } = new URL(stack.url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => {})
  socket.write(
    `POST /processes/echo/execution HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${header}\r\n\r\n${body}`,
  )
  try {
    await eventually('an answer to half a request', 5_000, () => text.includes('"code"'))
    return text
  } finally {
    socket.destroy()
  }
}

describe('user code in trouble', () => {
  const ways: [string, Partial<Failure>, RegExp][] = [
    ['throw', { code: 'PROCESS_FAILED', status: 500 }, /no root of a negative number/],
    ['exit', { code: 'PROCESS_CRASHED', status: 500, exitCode: 3 }, /exit code 3/],
    ['kill', { code: 'PROCESS_CRASHED', status: 500, signal: 'SIGKILL' }, /SIGKILL/],
    ['segfault', { code: 'PROCESS_CRASHED', status: 500, signal: 'SIGSEGV' }, /SIGSEGV/],
    ['text', { code: 'BAD_RESULT', status: 500 }, /grammar/],
    ['nothing', { code: 'BAD_RESULT', status: 500 }, /value: the declared output is missing/],
    ['more', { code: 'BAD_RESULT', status: 500 }, /other: no such output/],
    ['nan', { code: 'BAD_RESULT', status: 500 }, /value: NaN is not a JSON number/],
    ['infinity', { code: 'BAD_RESULT', status: 500 }, /value: Infinity is not a JSON number/],
  ]
  for (const [how, expected, detail] of ways) {
    it(`${how}: the job is failed and says why, to who waits and to who asks later`, async () => {
      const answer = await jobs.run('misbehave', { how })
      assert.equal(answer.status, 500, answer.text)
      const job = await jobs.end(await jobs.submit('misbehave', { how }))
      assert.equal(job.status, 'failed')
      assert.equal(job.warren.attempt, 1)
      const results = failureOf(await http(`/jobs/${job.jobID}/results`))
      for (const problem of [failureOf(answer), job.exception as Failure, results]) {
        assert.deepEqual({ ...problem, ...expected }, problem)
        assert.match(problem.detail, detail)
        if (expected.code === 'PROCESS_CRASHED') assert.deepEqual(problem['logTail'], [`about to ${how}`])
      }
      const { jobId } = failureOf(answer)
      assert.equal((await jobs.status(String(jobId))).status, 'failed')
    })
  }

  it('NaN and infinities pass where the grammar allows them', async () => {
    for (const [how, value] of [
      ['nan', 'NaN'],
      ['infinity', 'Infinity'],
    ]) {
      const answer = await jobs.run('limitless', { how })
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.json(), { value })
    }
  })
})

describe('runs that are cut short', () => {
  it('a synchronous run past the deadline that the caller set is 504, and its runner is gone', async () => {
    const pidFile = join(folder, 'caller')
    const answer = await jobs.run('nap', { seconds: 30, pidFile }, { warren: { timeoutMs: 300 } })
    assert.equal(answer.status, 504, answer.text)
    const { code, jobId } = failureOf(answer)
    assert.equal(code, 'TIMEOUT')
    assert.equal(isAlive(Number(readFileSync(pidFile, 'utf8'))), false)
    const job = await jobs.status(String(jobId))
    assert.deepEqual([job.status, job.exception?.code], ['failed', 'TIMEOUT'])
  })

  it('likewise past the deadline that the process set, also asynchronously', async () => {
    const pidFile = join(folder, 'process')
    assert.equal((await jobs.run('brief-nap', { seconds: 30, pidFile })).status, 504)
    assert.equal(isAlive(Number(readFileSync(pidFile, 'utf8'))), false)
    const job = await jobs.end(await jobs.submit('brief-nap', { seconds: 30, pidFile }))
    assert.deepEqual([job.status, job.exception?.code], ['failed', 'TIMEOUT'])
    assert.equal(isAlive(Number(readFileSync(pidFile, 'utf8'))), false)
  })

  it('a client that goes away takes its run along', async () => {
    const pidFile = join(folder, 'client')
    const leaving = new AbortController()
    const request = fetch(`${stack.url}/processes/nap/execution`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: { seconds: 30, pidFile } }),
      signal: leaving.signal,
    })
    const pid = await eventually('the run', 5_000, () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')))
    leaving.abort()
    await assert.rejects(request, { name: 'AbortError' })
    await eventually('the end of the run', 2_000, async () => {
      return !isAlive(pid) && (await ledger.count({ mode: 'sync', state: 'dismissed' })) === 1
    })
  })
})

describe('something is down', () => {
  it('no executor for a process that is known: 503 at once; jobs are accepted, and wait for one', async () => {
    const short = { seconds: 0.01 }
    assert.equal((await jobs.run('nap', short)).status, 200)
    await stack.signal('executor-of-trouble', 'SIGTERM')
    const times: number[] = []
    for (let n = 0; n < 5; n++) {
      const startedAt = performance.now()
      const answer = await jobs.run('nap', short)
      times.push(performance.now() - startedAt)
      assert.equal(answer.status, 503, answer.text)
      assert.equal(failureOf(answer).code, 'UNROUTABLE')
      assert.ok(Number(answer.headers.get('retry-after')) >= 1)
    }
    assert.ok(Math.max(...times) < 50, `${times.map(Math.round).join(', ')} ms`)
    const id = await jobs.submit('nap', short)
    assert.equal((await jobs.status(id)).status, 'accepted')
    stack.start('executor-of-trouble')
    assert.equal((await jobs.end(id)).status, 'successful')
  })

  it('no executor at all: 503 for jobs too, as nobody is there who could promise anything', async () => {
    await Promise.all([stack.signal('executor', 'SIGTERM'), stack.signal('executor-of-trouble', 'SIGTERM')])
    const answer = await http('/processes/echo/execution', {
      method: 'POST',
      headers: { prefer: 'respond-async' },
      json: { inputs: { text: 'hi' } },
    })
    assert.equal(answer.status, 503, answer.text)
    assert.ok(Number(answer.headers.get('retry-after')) >= 1)
    const waitingFor = await eventually('/readyz says so', 3_000, async () => {
      const ready = await http('/readyz')
      return ready.status === 503 && ready.json<{ waitingFor: string[] }>().waitingFor.join()
    })
    assert.match(waitingFor, /executor/)
    stack.start('executor')
    stack.start('executor-of-trouble')
    for (const [id, inputs] of [
      ['echo', { text: 'hi' }],
      ['nap', { seconds: 0.01 }],
    ] as const) {
      await eventually(`${id} again`, 20_000, async () => (await jobs.run(id, inputs)).status === 200)
    }
  })

  for (const part of ['broker', 'database'] as const) {
    it(`the ${part}: 503 problems, /readyz names it, all come back by themselves, no accepted job is lost`, async () => {
      const accepted = await Promise.all(Array.from({ length: 8 }, () => jobs.submit('nap', { seconds: 1 })))
      await eventually('some of them running', 5_000, () => ledger.count({ state: 'running' }).then((n) => n > 0))
      const wire = (stack.proxies as NonNullable<Stack['proxies']>)[part]
      wire.refuse(true)
      wire.cut()
      const waitingFor = await eventually(`/readyz without the ${part}`, 5_000, async () => {
        const ready = await http('/readyz')
        return ready.status === 503 && ready.json<{ waitingFor: string[] }>().waitingFor.join()
      })
      assert.match(waitingFor, new RegExp(part))
      const answers = await Promise.all([
        jobs.run('echo', { text: 'hi' }),
        http('/processes/echo/execution', {
          method: 'POST',
          headers: { prefer: 'respond-async' },
          json: { inputs: { text: 'hi' } },
        }),
        http('/jobs'),
        http(`/jobs/${accepted[0]}`),
        http('/processes'),
      ])
      for (const answer of answers) {
        assert.equal(answer.status, 503, answer.text)
        assert.equal(failureOf(answer).code, 'UNAVAILABLE')
        assert.ok(Number(answer.headers.get('retry-after')) >= 1)
      }
      assert.equal((await http('/livez')).status, 200)
      wire.refuse(false)
      await stack.ready()
      assert.equal((await jobs.run('echo', { text: 'hi' })).status, 200)
      for (const id of accepted) assert.equal((await jobs.until(id, finals, 40_000)).status, 'successful')
    })
  }
})
