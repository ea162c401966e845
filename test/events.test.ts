import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect as connectBroker } from 'amqplib'
import { CloudEvent } from 'cloudevents'
import { EventSource } from 'eventsource'
import { createHttp, type Http } from './support/http.ts'
import { jobsOf, openLedger, type Jobs, type Ledger } from './support/jobs.ts'
import { dataOf, idOf, readSse, type Reader } from './support/sse.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

// What happened to jobs, as a stream: every reader gets the same, whenever it comes and however often it is cut off.

const here = import.meta.dirname
let stack: Stack
let http: Http
let jobs: Jobs
let ledger: Ledger

before(async () => {
  stack = await startStack({
    executors: ['executor', 'executor2'],
    processes: [join(here, '../processes'), join(here, 'processes')],
    proxies: true,
  })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
  ledger = openLedger(stack.databaseUrl)
})

after(async () => {
  await ledger?.close()
  await stack?.close()
})

interface Told {
  readonly id: string
  readonly type: string
  readonly data: { readonly jobId: string; readonly processId: string; readonly status: string }
}

const kindOf = (frame: string): string => dataOf<Told>(frame).type.replace('warren.executor.job', '')
const follow = (path: string, headers?: Record<string, string>): Promise<Reader> =>
  readSse(`${stack.url}${path}`, headers)
const after_ = (id: string | undefined): Record<string, string> => (id === undefined ? {} : { 'last-event-id': id })

describe('streams', () => {
  it('are byte for byte the same for who stays, who is cut off ten times, and EventSource', async () => {
    const steady = await follow('/processes/echo/events')
    const source = new EventSource(`${stack.url}/processes/echo/events`)
    const heard: string[] = []
    for (const type of ['jobAccepted', 'jobStarted', 'jobSuccessful']) {
      source.addEventListener(`warren.executor.${type}`, (event) => {
        heard.push(`id: ${event.lastEventId}\nevent: ${event.type}\ndata: ${String(event.data)}`)
      })
    }
    await eventually('EventSource', 5_000, () => source.readyState === EventSource.OPEN)
    let cut = await follow('/processes/echo/events')
    const pieces: string[] = []
    const work = (async () => {
      for (let n = 0; n < 66; n++) await jobs.submit('echo', { text: String(n) })
    })()
    let last: string | undefined
    for (let times = 1; times <= 10; times++) {
      await cut.has(times % 4 === 0 ? 1 : 12)
      cut.cut()
      pieces.push(...cut.frames())
      last = cut.lastId() ?? last
      cut = await follow('/processes/echo/events', after_(last))
    }
    await work
    await steady.has(66 * 3)
    await eventually('the rest', 10_000, () => pieces.length + cut.frames().length >= 66 * 3)
    pieces.push(...cut.frames())
    await eventually('all to EventSource', 5_000, () => heard.length >= 66 * 3)
    source.close()
    assert.equal(pieces.length, 66 * 3)
    assert.equal(pieces.join('\n\n'), steady.frames().join('\n\n'))
    assert.equal(heard.join('\n\n'), steady.frames().join('\n\n'))
    steady.cut()
    cut.cut()
  })

  it('of a job begin with its first event, go on live, and end with it', async () => {
    const id = await jobs.submit('heat', { steps: 150_000 })
    await eventually('some progress', 20_000, async () => (await jobs.status(id)).progress > 10)
    const live = await follow(`/jobs/${id}/events`)
    await live.end(60_000)
    const kinds = live.frames().map(kindOf)
    assert.deepEqual([...kinds.slice(0, 2), kinds.at(-1)], ['Accepted', 'Started', 'Successful'])
    assert.ok(kinds.length > 4 && kinds.slice(2, -1).every((kind) => kind === 'Progressed'), kinds.join())
    const late = await follow(`/jobs/${id}/events`)
    await late.end()
    assert.equal(late.text(), live.text())
    const middle = idOf(live.frames()[2])
    for (const rest of [
      await follow(`/jobs/${id}/events`, after_(middle)),
      await follow(`/jobs/${id}/events?after=${middle}`),
    ]) {
      await rest.end()
      assert.deepEqual(rest.frames(), live.frames().slice(3))
    }
    const over = await http(`/jobs/${id}/events`, { headers: after_(live.lastId()) })
    assert.equal(over.status, 204)
  })

  it('that are over are not asked for again by EventSource', async () => {
    const id = await jobs.submit('echo', { text: 'hi' })
    const source = new EventSource(`${stack.url}/jobs/${id}/events`)
    let ends = 0
    source.addEventListener('warren.executor.jobSuccessful', () => ends++)
    await eventually('EventSource gives up', 10_000, () => source.readyState === EventSource.CLOSED)
    assert.equal(ends, 1)
  })

  it('have the order of the ledger, with jobs of both executors', async () => {
    const all = await follow('/events')
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        jobs.submit(n % 2 ? 'echo' : 'nap', n % 2 ? { text: '' } : { seconds: 0.02 }),
      ),
    )
    const ended = await Promise.all(ids.map((id) => jobs.end(id)))
    assert.equal(new Set(ended.map(({ warren }) => warren.executor)).size, 2)
    await all.has(180)
    const rows = await ledger.sql<{ cursor: string }[]>`
select xid::text || '-' || seq as cursor from executor.events where job_id = any(${ids}) order by xid, seq`
    assert.deepEqual(
      all.frames().map(idOf),
      rows.map(({ cursor }) => cursor),
    )
    for (const id of ids) {
      const own = all.frames().filter((frame) => dataOf<Told>(frame).data.jobId === id)
      assert.deepEqual(own.map(kindOf), ['Accepted', 'Started', 'Successful'])
    }
    all.cut()
  })

  it('of a process have its jobs only, and of all have all', async () => {
    const [naps, all] = [await follow('/processes/nap/events'), await follow('/events')]
    const id = await jobs.submit('nap', { seconds: 0.01 })
    await jobs.submit('echo', { text: '' })
    await all.has(6)
    await naps.has(3)
    assert.deepEqual([...new Set(naps.frames().map((frame) => dataOf<Told>(frame).data.jobId))], [id])
    assert.deepEqual(new Set(all.frames().map((frame) => dataOf<Told>(frame).data.processId)), new Set(['nap', 'echo']))
    naps.cut()
    all.cut()
  })

  it('begin now, and what happens before the first event came is not lost to who is cut off', async () => {
    const empty = await follow('/processes/echo/events')
    await eventually('its beginning', 5_000, () => /^id: .+\n/.test(empty.text()))
    empty.cut()
    const id = await jobs.submit('echo', { text: 'meanwhile' })
    await jobs.end(id)
    const again = await follow('/processes/echo/events', after_(idOf(empty.text())))
    await again.has(3)
    assert.deepEqual(
      again.frames().map((frame) => dataOf<Told>(frame).data.jobId),
      [id, id, id],
    )
    again.cut()
  })
})

describe('an event', () => {
  it('is a CloudEvent, the same as on the broker', async () => {
    const broker = await connectBroker(stack.amqpUrl)
    const channel = await broker.createChannel()
    const { queue } = await channel.assertQueue('', { exclusive: true })
    await channel.bindQueue(queue, 'warren.events', 'job.echo.#')
    const published: unknown[] = []
    await channel.consume(queue, (message) => message && published.push(JSON.parse(message.content.toString())), {
      noAck: true,
    })
    const id = await jobs.submit('echo', { text: 'hi' })
    const stream = await follow(`/jobs/${id}/events`)
    await stream.end()
    await eventually('the same on the broker', 5_000, () => published.length >= 3)
    const told = stream.frames().map((frame) => dataOf(frame))
    assert.deepEqual(told, published)
    for (const [n, event] of told.entries()) {
      const { type, subject, source } = new CloudEvent(event, true)
      assert.equal(stream.frames()[n]?.split('\n')[1], `event: ${type}`)
      assert.deepEqual([subject, source], [`echo/${id}`, '/warren/executor'])
    }
    await broker.close()
  })

  it('comes page by page to who wants JSON', async () => {
    const id = await jobs.submit('echo', { text: 'hi' })
    const stream = await follow(`/jobs/${id}/events`)
    await stream.end()
    const accept = { headers: { accept: 'application/json' } }
    const found: unknown[] = []
    let next = ''
    for (let pages = 0; pages < 4; pages++) {
      const page = (await http(`/jobs/${id}/events?limit=1${next && `&after=${next}`}`, accept)).json<{
        events: unknown[]
        next: string
      }>()
      found.push(...page.events)
      next = page.next
    }
    assert.deepEqual(
      found,
      stream.frames().map((frame) => dataOf(frame)),
    )
    const all = (await http('/events?limit=1000', accept)).json<{ events: Told[] }>().events
    const ofProcess = (await http('/processes/echo/events?limit=1000', accept)).json<{ events: Told[] }>().events
    assert.deepEqual(
      all.filter(({ data }) => data.processId === 'echo'),
      ofProcess,
    )
  })

  it('is asked for in words that fit, else a problem says which do not', async () => {
    const id = await jobs.submit('echo', { text: 'hi' })
    await jobs.end(id)
    const codeOf = async (path: string, headers: Record<string, string> = {}): Promise<unknown[]> => {
      const answer = await http(path, { headers })
      return [answer.status, answer.json()['code']]
    }
    assert.deepEqual(await codeOf('/jobs/nobody/events'), [404, 'NO_SUCH_JOB'])
    assert.deepEqual(await codeOf('/processes/nothing/events'), [404, 'NO_SUCH_PROCESS'])
    assert.deepEqual(await codeOf(`/jobs/${id}/events`, { accept: 'image/png' }), [406, 'NOT_ACCEPTABLE'])
    assert.deepEqual(await codeOf(`/jobs/${id}/events?after=soon`), [400, 'BAD_QUERY'])
    assert.deepEqual(await codeOf('/events', after_('soon')), [400, 'BAD_QUERY'])
    assert.deepEqual(await codeOf('/events?color=red'), [400, 'BAD_QUERY'])
    const far = await http(`/events?after=${'9'.repeat(19)}-${'9'.repeat(19)}`, {
      headers: { accept: 'application/json' },
    })
    assert.deepEqual(far.json()['events'], [])
    for (const accept of ['text/event-stream', 'application/json']) {
      const head = await http(`/jobs/${id}/events`, { method: 'HEAD', headers: { accept } })
      assert.deepEqual([head.status, head.type], [200, accept])
    }
  })
})

describe('whatever happens to the messages', () => {
  it('an event of which nobody was told is found all the same', async () => {
    const id = (await http('/jobs', { method: 'POST', json: { process: 'echo', inputs: { text: '' } } })).json<{
      jobID: string
    }>().jobID
    const stream = await follow(`/jobs/${id}/events`)
    await stream.has(1)
    await ledger.sql`
insert into executor.events (job_id, process_id, owner, event, state, attempt, at, writer)
values (${id}, 'echo', 'local', 'jobProgressed', 'running', 1, now(), 'nobody')`
    await stream.has(2, 15_000)
    assert.deepEqual(stream.frames().map(kindOf), ['Created', 'Progressed'])
    stream.cut()
  })

  it('an event that becomes visible late is told in its place', async () => {
    const stream = await follow('/processes/echo/events')
    const slow = await ledger.sql.reserve()
    await slow`begin`
    await slow`select pg_current_xact_id()` // from here on younger transactions wait for its end
    const id = await jobs.submit('echo', { text: 'early' })
    await jobs.end(id)
    assert.deepEqual(stream.frames(), [])
    await slow`commit`
    slow.release()
    await stream.has(3, 2_000)
    assert.deepEqual(stream.frames().map(kindOf), ['Accepted', 'Started', 'Successful'])
    stream.cut()
  })

  it('a stream outlives the connections to the broker', async () => {
    const id = await jobs.submit('heat', { steps: 60_000 })
    const stream = await follow(`/jobs/${id}/events`)
    await stream.has(4)
    stack.proxies?.broker.refuse(true)
    stack.proxies?.broker.cut()
    await new Promise((resolve) => setTimeout(resolve, 700))
    stack.proxies?.broker.refuse(false)
    await stream.end(60_000)
    const rows = await ledger.sql<{ cursor: string }[]>`
select xid::text || '-' || seq as cursor from executor.events where job_id = ${id} order by xid, seq`
    assert.deepEqual(
      stream.frames().map(idOf),
      rows.map(({ cursor }) => cursor),
    )
    await stack.ready()
  })

  it('a gateway that stops ends its streams, and the next one goes on', async () => {
    const idle = await follow('/processes/echo/events')
    await jobs.submit('echo', { text: 'before' })
    await idle.has(3)
    const since = performance.now()
    await stack.signal('gateway', 'SIGTERM')
    await idle.end(1_000)
    assert.ok(performance.now() - since < 5_000, 'idle streams hold up the end')
    stack.start('gateway')
    await stack.ready()
    const again = await follow('/processes/echo/events', after_(idle.lastId()))
    const id = await jobs.submit('echo', { text: 'after' })
    await again.has(3)
    assert.deepEqual(
      again.frames().map((frame) => dataOf<Told>(frame).data.jobId),
      [id, id, id],
    )
    again.cut()
  })
})

describe('many readers', () => {
  const COUNT = 1_000
  const residentMiB = (): number => {
    const [, kB] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${stack.pid('gateway')}/status`, 'utf8')) ?? []
    return Number(kB) / 1_024
  }

  it('that wait cost a gateway less than 100 MiB, and are told all the same', async () => {
    const waiting: string[] = []
    for (let n = 0; n < 50; n++) {
      const created = await http('/jobs', { method: 'POST', json: { process: 'echo', inputs: { text: '' } } })
      waiting.push(created.json<{ jobID: string }>().jobID)
    }
    const paths = [...waiting.map((id) => `/jobs/${id}/events`), '/events', '/processes/echo/events']
    const base = residentMiB()
    const sockets: Socket[] = []
    let begun = 0
    let told = 0
    for (let n = 0; n < COUNT; n++) {
      const socket = connect(Number(new URL(stack.url).port), '127.0.0.1')
      sockets.push(socket)
      let text = ''
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        const before = text
        text += chunk.toString()
        if (!before.includes('retry: 1000') && text.includes('retry: 1000')) begun++
        if (!before.includes('jobSuccessful') && text.includes('jobSuccessful')) told++
      })
      const path = n < COUNT / 2 ? paths[n % waiting.length] : paths.at(n % 2 ? -1 : -2)
      socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n`)
    }
    await eventually('all streams', 30_000, () => begun === COUNT)
    const grown = residentMiB() - base
    assert.ok(grown < 100, `${grown.toFixed(1)} MiB for ${COUNT} readers`)
    await jobs.submit('echo', { text: 'to all' })
    await eventually('all are told', 10_000, () => told >= COUNT / 2)
    for (const socket of sockets) socket.destroy()
    await eventually('they are forgotten', 10_000, async () => {
      const text = await (await fetch(`${stack.url}/metrics`)).text()
      return /^warren_stream_readers\{.*\} 0$/m.test(text) && /^warren_stream_feeds\{.*\} 0$/m.test(text)
    })
  })
})
