import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startCollector, type Collector, type Exported } from './support/collector.ts'
import { readExposition, type Exposition } from './support/exposition.ts'
import { createHttp, type Http } from './support/http.ts'
import { jobsOf, openLedger, type Jobs } from './support/jobs.ts'
import { startStack, type Stack } from './support/stack.ts'
import { eventually } from './support/wait.ts'

// What an operator sees: metrics, traces, and log lines that say what they are about.

const here = import.meta.dirname
const services = ['executor', 'files', 'gateway', 'notifier', 'registry']
let collector: Collector
let stack: Stack
let http: Http
let jobs: Jobs

before(async () => {
  collector = await startCollector()
  stack = await startStack({
    processes: [join(here, '../processes'), join(here, 'operations')],
    slots: 2,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER: 'parentbased_always_on',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    },
  })
  http = await createHttp(stack.url)
  jobs = jobsOf(http)
})

after(async () => {
  await stack?.close()
  await collector?.close()
})

async function scrape(): Promise<Exposition> {
  const answer = await http('/metrics')
  assert.equal(answer.type, 'text/plain; version=0.0.4; charset=utf-8')
  return readExposition(answer.text)
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

describe('metrics', () => {
  it('are those of every instance, in one exposition', async () => {
    const id = await jobs.submit('echo', { text: 'hi' })
    await jobs.end(id)
    await jobs.run('echo', { text: 'hi' })
    await http('/jobs/nothing-of-the-kind')
    const read = await eventually('every service has answered', 10_000, async () => {
      const some = await scrape()
      return sum(some.values('warren_up')) >= services.length && some
    })
    for (const service of services) {
      assert.deepEqual(read.values('warren_up', { service }), [1], service)
      assert.equal(read.values('process_resident_memory_bytes', { service }).length, 1, service)
      assert.deepEqual(read.values('warren_broker_connected', { service }), [1], service)
    }
    const count = (name: string, labels: Record<string, string>): number => sum(read.values(name, labels))
    assert.ok(count('warren_operations_total', { operation: 'executor.submit', code: 'OK' }) >= 1)
    assert.ok(count('warren_operation_duration_seconds_count', { operation: 'executor.execute' }) >= 1)
    assert.ok(count('warren_runs_total', { process: 'echo', outcome: 'successful' }) >= 2)
    const routes = read.samples.map(({ labels }) => labels['route']).filter((route) => route !== undefined)
    assert.ok(routes.includes('POST /processes/:id/execution'))
    assert.ok(count('warren_http_requests_total', { route: 'GET /jobs/:id', status: '404' }) >= 1)
    for (const { labels } of read.samples) assert.ok(!Object.values(labels).includes(id), 'no job is a label')
  })

  it('are not of the client’s choice', async () => {
    await fetch(`${stack.url}/no/such/path`, { method: 'PURGE' })
    await fetch(`${stack.url}/no/such/path`)
    const read = await eventually('both are counted', 5_000, async () => {
      const some = await scrape()
      return some.values('warren_http_requests_total', { route: 'OTHER none' }).length > 0 && some
    })
    assert.ok(sum(read.values('warren_http_requests_total', { route: 'GET none', status: '404' })) >= 1)
    for (const { labels } of read.samples) assert.ok(!JSON.stringify(labels).includes('such'))
  })

  it('tell of slots, leases, and what waits for how long', async () => {
    const ids = await Promise.all([1, 2, 3].map(() => jobs.submit('echo', { text: 'hi', pause: 30 })))
    const read = await eventually('two run and one waits', 10_000, async () => {
      const some = await scrape()
      const [waits] = some.values('warren_jobs_queued_oldest_seconds', { process: 'echo' })
      return waits !== undefined && waits > 0.5 && some.values('warren_slots_free')[0] === 0 && some
    })
    assert.deepEqual(read.values('warren_slots'), [2])
    assert.deepEqual(read.values('warren_jobs_queued', { process: 'echo' }), [1])
    assert.deepEqual(read.values('warren_jobs_leased', { process: 'echo', state: 'running' }), [2])
    assert.deepEqual(read.values('warren_runs_active'), [2])
    assert.deepEqual(read.values('warren_leases_expired'), [0])
    assert.deepEqual(read.values('warren_queue_consumers', { queue: 'execute.echo' }), [1])
    assert.deepEqual(read.values('warren_queue_ready_messages', { queue: 'rpc.executor' }), [0])
    assert.deepEqual(read.values('warren_queue_ready_messages', { queue: 'dead' }), [0])
    assert.equal(read.values('warren_outbox_lag_seconds').length, 1)
    for (const id of ids) await http(`/jobs/${id}`, { method: 'DELETE' })
  })

  it('say who does not answer', async () => {
    await stack.signal('files', 'SIGSTOP')
    try {
      const read = await eventually('files are down', 10_000, async () => {
        const some = await scrape()
        return some.values('warren_up', { service: 'files' })[0] === 0 && some
      })
      assert.deepEqual(read.values('warren_up', { service: 'registry' }), [1])
      assert.deepEqual(read.values('process_resident_memory_bytes', { service: 'files' }), [])
    } finally {
      await stack.signal('files', 'SIGCONT')
    }
    await eventually(
      'files are back',
      10_000,
      async () => (await scrape()).values('warren_up', { service: 'files' })[0] === 1,
    )
  })
})

describe('a trace', () => {
  const span = '00f067aa0ba902b7'

  /** The spans of a trace, once those of these names have come: each service sends its own. */
  async function trace(traceId: string, ...names: readonly string[]): Promise<Exported[]> {
    const ofTrace = () => collector.spans.filter((span) => span.traceId === traceId)
    await eventually(`${names.join()} in ${traceId}`, 10_000, () => {
      return names.every((wanted) => ofTrace().some(({ name }) => name === wanted))
    })
    return ofTrace()
  }

  /** Names from a span up to the root of what was exported. */
  function upwards(spans: readonly Exported[], from: string): string[] {
    const path: string[] = []
    let at = spans.find(({ name }) => name === from)
    while (at) {
      path.push(`${at.service}: ${at.name}`)
      const { parentSpanId } = at
      at = spans.find(({ spanId }) => spanId === parentSpanId)
    }
    return path
  }

  it('leads from the request through the executor into the process, for a synchronous run', async () => {
    const traceId = '5bf92f3577b34da6a3ce929d0e0e4736'
    const answer = await http('/processes/traced/execution', {
      method: 'POST',
      json: { inputs: {} },
      headers: { traceparent: `00-${traceId}-${span}-01`, tracestate: 'a=1' },
    })
    const { traceparent } = answer.json<{ traceparent: string }>()
    const spans = await trace(traceId, 'run traced', 'process executor.execute', 'POST /processes/:id/execution')
    assert.deepEqual(upwards(spans, 'run traced'), [
      'executor: run traced',
      'executor: process executor.execute',
      'gateway: call executor.execute',
      'gateway: POST /processes/:id/execution',
    ])
    const root = spans.find(({ kind, service }) => service === 'gateway' && kind === 'server')
    assert.equal(root?.parentSpanId, span)
    assert.equal(root.attributes['http.route'], '/processes/:id/execution')
    const run = spans.find(({ name }) => name === 'run traced')
    assert.equal(traceparent, `00-${traceId}-${run?.spanId}-01`)
  })

  it('leads there for an asynchronous run too, which ends after its request', async () => {
    const traceId = '6bf92f3577b34da6a3ce929d0e0e4736'
    const answer = await http('/processes/traced/execution', {
      method: 'POST',
      json: { inputs: {} },
      headers: { traceparent: `00-${traceId}-${span}-01`, prefer: 'respond-async' },
    })
    const { jobID } = answer.json<{ jobID: string }>()
    await jobs.end(jobID)
    const results = await http(`/jobs/${jobID}/results`)
    const spans = await trace(traceId, 'run traced', 'process executor.submit', 'POST /processes/:id/execution')
    assert.deepEqual(upwards(spans, 'run traced').slice(1), [
      'executor: process executor.submit',
      'gateway: call executor.submit',
      'gateway: POST /processes/:id/execution',
    ])
    const run = spans.find(({ name }) => name === 'run traced')
    assert.equal(run?.attributes['warren.job.id'], jobID)
    assert.equal(results.json<{ traceparent: string }>().traceparent, `00-${traceId}-${run?.spanId}-01`)
  })

  it('begins here when nobody gave one', async () => {
    const { text } = await jobs.run('traced', {})
    const [, traceId = ''] = (JSON.parse(text) as { traceparent: string }).traceparent.split('-')
    const spans = await trace(traceId, 'POST /processes/:id/execution')
    assert.equal(spans.find(({ name }) => name === 'POST /processes/:id/execution')?.parentSpanId, undefined)
  })
})

describe('log lines', () => {
  it('of the gateway and of the service that failed share their ids', async (t) => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4737'
    const { sql, close } = openLedger(stack.databaseUrl)
    t.after(close)
    await sql`alter schema registry rename to elsewhere`
    const answer = await fetch(`${stack.url}/processes`, {
      headers: { 'x-request-id': 'look-for-me', traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    })
    await sql`alter schema elsewhere rename to registry`
    assert.equal(answer.status, 500)
    assert.equal(answer.headers.get('x-request-id'), 'look-for-me')
    const { supportId } = (await answer.json()) as { supportId: string }
    const access = await line('gateway', 'look-for-me')
    assert.deepEqual([access['traceId'], access['status'], access['path']], [traceId, 500, '/processes'])
    const failed = await line('registry', 'look-for-me')
    assert.deepEqual(
      [failed['traceId'], failed['supportId'], failed['call']],
      [traceId, supportId, 'registry.listProcesses'],
    )
    assert.ok(failed['correlationId'])
  })

  async function line(name: 'gateway' | 'registry', text: string): Promise<Record<string, unknown>> {
    const found = await eventually(`${text} in the log of ${name}`, 5_000, () => {
      const lines = stack.output(name).split('\n')
      return lines.find((one) => one.includes(text))
    })
    return JSON.parse(found) as Record<string, unknown>
  }
})

describe('without an exporter', () => {
  it('a context that was given reaches the process, and none is made up', async (t) => {
    const plain = await startStack({ processes: [join(here, 'operations')] })
    t.after(plain.close)
    const run = async (headers: Record<string, string>): Promise<string> => {
      const answer = await fetch(`${plain.url}/processes/traced/execution`, {
        method: 'POST',
        body: '{"inputs":{}}',
        headers: { 'content-type': 'application/json', ...headers },
      })
      return ((await answer.json()) as { traceparent: string }).traceparent
    }
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    assert.equal(await run({ traceparent }), traceparent)
    assert.equal(await run({}), 'none')
    assert.equal(await run({ traceparent: 'nonsense' }), 'none')
  })
})
