import assert from 'node:assert/strict'
import { it } from 'node:test'
import { client, printMetrics, startService, survey, type Metrics, type StartedService } from '@warren/mesh'
import { readExposition, type Exposition } from '../support/exposition.ts'
import { defineDesk, failure, gate, join, serveDesk, until, useVirtualHost } from '../support/mesh.ts'

const vhost = await useVirtualHost()
const asking = await join('asking', vhost.amqpUrl)

async function start(
  t: { after(undo: () => Promise<void>): void },
  name: string,
  { handlers = {}, measure = () => {} }: { handlers?: object; measure?: (measure: Metrics['measure']) => void } = {},
): Promise<StartedService> {
  const started = await startService(name, { amqpUrl: vhost.amqpUrl, logLevel: 'silent' }, async (service) => {
    measure(service.measure)
    await serveDesk(service.mesh, handlers, { service: defineDesk(name), prefetch: 2 })
  })
  t.after(() => started.stop())
  await until('it listens', () => started.mesh.status().broker === true)
  return started
}

async function scrape(to: string, count = 1): Promise<Exposition> {
  const enough = (answers: readonly unknown[]) => answers.length >= count
  const answers = await survey(asking, 'metrics', { to, waitMs: 5_000, enough })
  const sources = answers.map(({ service, instance, families }) => ({ labels: { service, instance }, families }))
  return readExposition(await printMetrics(sources))
}

it('counts calls by how they ended, and how long they took', async (t) => {
  await start(t, 'counted')
  const caller = client(defineDesk('counted'), asking)
  for (let i = 0; i < 3; i++) await caller.echo({ text: 'hi' })
  await failure(caller.find({ id: '!', count: 1 }), 'BAD_INPUT')
  const read = await scrape('counted')
  assert.deepEqual(read.values('warren_operations_total', { operation: 'counted.echo', code: 'OK' }), [3])
  assert.deepEqual(read.values('warren_operations_total', { operation: 'counted.find', code: 'BAD_INPUT' }), [1])
  assert.deepEqual(read.values('warren_operation_duration_seconds_count', { operation: 'counted.echo' }), [3])
  const [sum = 0] = read.values('warren_operation_duration_seconds_sum', { operation: 'counted.echo' })
  assert.ok(sum > 0 && sum < 1, `${sum} s`)
  assert.equal(read.types.get('warren_operation_duration_seconds'), 'histogram')
})

it('tells of the process that it is in base units', async (t) => {
  await start(t, 'process')
  const read = await scrape('process')
  const one = (name: string): number => read.values(name)[0] ?? assert.fail(name)
  assert.equal(read.types.get('process_cpu_seconds_total'), 'counter')
  assert.ok(Math.abs(one('process_cpu_seconds_total') - process.cpuUsage().user / 1e6) < 10)
  assert.ok(Math.abs(one('process_resident_memory_bytes') / process.memoryUsage().rss - 1) < 0.5)
  assert.ok(Math.abs(one('process_start_time_seconds') - Date.now() / 1_000) < 600)
  assert.ok(one('nodejs_eventloop_active_seconds_total') > 0)
})

it('tells how long the event loop was held up', async (t) => {
  await start(t, 'held-up')
  await scrape('held-up') // what was longest is told once
  const until = performance.now() + 400
  while (performance.now() < until);
  const [longest = 0] = (await scrape('held-up')).values('nodejs_eventloop_lag_max_seconds')
  assert.ok(longest >= 0.14 && longest < 5, `${longest} s`)
})

it('tells what is under way and what waits in the queue', async (t) => {
  const held = gate()
  await start(t, 'busy', { handlers: { echo: ({ input }: { input: object }) => held.opened.then(() => input) } })
  const caller = client(defineDesk('busy'), asking)
  const calls = Promise.all([1, 2, 3, 4, 5].map(() => caller.echo({ text: 'hi' })))
  await until('two are under way and three wait', async () => {
    const read = await scrape('busy')
    const [underWay] = read.values('warren_operations_under_way', { queue: 'rpc.busy' })
    const [waiting] = read.values('warren_queue_ready_messages', { queue: 'rpc.busy' })
    return underWay === 2 && waiting === 3
  })
  assert.deepEqual((await scrape('busy')).values('warren_queue_consumers', { queue: 'rpc.busy' }), [1])
  assert.deepEqual((await scrape('asking')).values('warren_calls_pending'), [5 + 1], 'the survey is one too')
  held.open()
  await calls
})

it('leaves out what cannot be read in time, and nothing else', async (t) => {
  let asked = 0
  await start(t, 'partial', {
    measure: (measure) => {
      measure({ shelf: { name: 'desk_shelf_height_meters', help: 'Height, "so to say"\nor \\ not' } }, () => ({
        shelf: [{ labels: { shelf: 'a "b"\n\\' }, value: 1.5 }],
      }))
      measure({ broken: { name: 'desk_broken', help: 'Fails' } }, () => Promise.reject(new Error('no')))
      measure({ slow: { name: 'desk_slow', help: 'Never comes' } }, () => {
        asked++
        return new Promise(() => {})
      })
    },
  })
  const read = await scrape('partial')
  const shelf = read.samples.find(({ name }) => name === 'desk_shelf_height_meters')
  assert.equal(shelf?.value, 1.5)
  assert.equal(shelf.labels['shelf'], 'a \\"b\\"\\n\\\\')
  assert.equal(shelf.labels['service'], 'partial')
  assert.ok(!read.types.has('desk_broken') && !read.types.has('desk_slow'))
  assert.equal(read.types.get('warren_broker_connected'), 'gauge')
  await scrape('partial')
  assert.equal(asked, 1, 'what hangs is not asked again')
})

it('makes one exposition of many instances', async (t) => {
  await start(t, 'twins')
  await start(t, 'twins')
  const caller = client(defineDesk('twins'), asking)
  await Promise.all(Array.from({ length: 20 }, () => caller.echo({ text: 'hi' })))
  const read = await scrape('twins', 2)
  const counts = read.values('warren_operations_total', { service: 'twins', operation: 'twins.echo' })
  assert.equal(read.values('process_resident_memory_bytes').length, 2)
  assert.equal(
    counts.reduce((a, b) => a + b),
    20,
  )
})
