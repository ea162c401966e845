import assert from 'node:assert/strict'
import { it } from 'node:test'
import { headers } from '@warren/contracts'
import { client, inSpan, startService, type RunningService } from '@warren/mesh'
import { startCollector, type Exported } from '../support/collector.ts'
import { ask, defineDesk, failure, join, openRaw, serveDesk, until, useVirtualHost } from '../support/mesh.ts'

const vhost = await useVirtualHost()
const raw = await openRaw(vhost.amqpUrl)
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const sampled = `00-${traceId}-00f067aa0ba902b7-01`
const unsampled = `00-${traceId}-00f067aa0ba902b7-00`

interface Seen {
  readonly traceparent: string | undefined
  readonly tracestate: string | undefined
  readonly requestId: string | undefined
}

/** A service that passes calls of `echo` on to its own `look`, within a span of its own. */
async function start(
  t: { after(undo: () => Promise<void>): void },
  name: string,
  traces?: { readonly url: string; readonly sampler?: string; readonly ratio?: number },
) {
  const seen: Seen[] = []
  let running: RunningService | undefined
  const config = {
    amqpUrl: vhost.amqpUrl,
    logLevel: 'silent',
    ...(traces && {
      traces: { sampler: 'parentbased_always_on', ratio: 1, delayMs: 50, ...traces, url: `${traces.url}/v1/traces` },
    }),
  }
  const started = await startService(name, config, async (service) => {
    running = service
    const { mesh } = service
    const self = client(defineDesk(name), mesh)
    await serveDesk(
      mesh,
      {
        echo: async ({ input, traceparent, tracestate, requestId }) => {
          seen.push({ traceparent, tracestate, requestId })
          const parent = { traceparent, tracestate }
          return inSpan(mesh.tracer, { name: 'work', kind: 'internal', parent }, (context) => {
            return self.look(input, { ...context, requestId })
          })
        },
        look: async ({ input, traceparent, tracestate, requestId, fail }) => {
          seen.push({ traceparent, tracestate, requestId })
          if (input.text === 'bad') throw fail('BAD_INPUT')
          if (input.text === 'broken') throw new Error('broken')
          return input
        },
      },
      { service: defineDesk(name) },
    )
  })
  t.after(() => started.stop())
  await until('it can be called', () => started.mesh.status().broker === true)
  return { started, seen, running: running as unknown as RunningService }
}

async function collect(t: { after(undo: () => Promise<void>): void }) {
  const collector = await startCollector()
  t.after(collector.close)
  return collector
}

const named = (spans: readonly Exported[], name: string): Exported =>
  spans.find((span) => span.name === name) ?? assert.fail(`no ${name} in ${spans.map((span) => span.name).join()}`)

it('passes a context on when nobody wants spans, and makes none up', async (t) => {
  const { seen, started } = await start(t, 'plain')
  assert.equal(started.mesh.tracer, undefined)
  const caller = client(defineDesk('plain'), await join('caller', vhost.amqpUrl))
  await caller.echo({ text: 'hi' }, { traceparent: sampled, tracestate: 'a=1,b=2', requestId: 'r1' })
  const given = { traceparent: sampled, tracestate: 'a=1,b=2', requestId: 'r1' }
  assert.deepEqual(seen, [given, given])
  await caller.echo({ text: 'hi' })
  assert.deepEqual(seen[3], { traceparent: undefined, tracestate: undefined, requestId: undefined })
})

it('does not pass on what is no context', async (t) => {
  const { seen } = await start(t, 'strict')
  const zeros = `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`
  for (const traceparent of ['x', zeros, `${sampled}\n`, sampled.toUpperCase(), `ff${sampled.slice(2)}`]) {
    const sent = { type: 'strict.look', headers: { [headers.traceparent]: traceparent, [headers.tracestate]: 'a=1' } }
    await ask(raw, 'warren.rpc', 'strict', '{"text":"hi"}', sent)
    assert.deepEqual(seen.pop(), { traceparent: undefined, tracestate: undefined, requestId: undefined })
  }
})

it('makes spans of calls, each the parent of what it calls, in the trace of the caller', async (t) => {
  const collector = await collect(t)
  const { started, running } = await start(t, 'traced', collector)
  const caller = client(defineDesk('traced'), running.mesh)
  await caller.echo({ text: 'hi' }, { traceparent: sampled, tracestate: 'a=1' })
  await until('five spans', () => collector.spans.length === 5)
  const chain = ['call traced.echo', 'process traced.echo', 'work', 'call traced.look', 'process traced.look']
  const spans = chain.map((name) => named(collector.spans, name))
  assert.deepEqual(
    spans.map(({ parentSpanId }) => parentSpanId),
    ['00f067aa0ba902b7', ...spans.slice(0, -1).map(({ spanId }) => spanId)],
  )
  assert.deepEqual(
    spans.map(({ kind }) => kind),
    ['client', 'server', 'internal', 'client', 'server'],
  )
  for (const span of spans) {
    assert.equal(span.traceId, traceId)
    assert.equal(span.service, 'traced')
    assert.equal(span.failed, false)
  }
  assert.equal(spans[1]?.attributes['messaging.system'], 'rabbitmq')
  assert.equal(spans[1].attributes['messaging.destination.name'], 'warren.rpc:traced:rpc.traced')
  assert.equal(spans[0]?.attributes['messaging.destination.template'], 'warren.rpc:traced')
  await started.stop()
})

it('says which calls failed, and whose fault it was', async (t) => {
  const collector = await collect(t)
  const { running } = await start(t, 'failing', collector)
  const caller = client(defineDesk('failing'), running.mesh)
  await failure(caller.look({ text: 'bad' }), 'BAD_INPUT')
  await failure(caller.look({ text: 'broken' }), 'INTERNAL')
  await until('four spans', () => collector.spans.length === 4)
  const said = collector.spans.map(
    ({ kind, failed, attributes }) => `${kind} ${failed} ${String(attributes['error.type'])}`,
  )
  assert.deepEqual(said.toSorted(), [
    'client true BAD_INPUT',
    'client true INTERNAL',
    'server false BAD_INPUT',
    'server true INTERNAL',
  ])
})

it('records what the caller or the sampler decides, and passes the decision on', async (t) => {
  const collector = await collect(t)
  const { running, seen, started } = await start(t, 'sampling', {
    url: collector.url,
    sampler: 'parentbased_traceidratio',
    ratio: 0,
  })
  const caller = client(defineDesk('sampling'), running.mesh)
  await caller.look({ text: 'root' })
  assert.match(seen[0]?.traceparent ?? '', /^00-[\da-f]{32}-[\da-f]{16}-00$/)
  await caller.look({ text: 'not recorded' }, { traceparent: unsampled, tracestate: 'a=1' })
  assert.match(seen[1]?.traceparent ?? '', new RegExp(`^00-${traceId}-[\\da-f]{16}-00$`))
  assert.equal(seen[1]?.tracestate, 'a=1')
  await caller.look({ text: 'recorded' }, { traceparent: sampled })
  await started.stop()
  assert.deepEqual(
    collector.spans.map(({ name }) => name).toSorted(),
    ['call sampling.look', 'process sampling.look'],
    'only of the third',
  )
})

it('sends what it has when it stops, and stops without a collector too', async (t) => {
  const collector = await collect(t)
  const { running, started } = await start(t, 'stopping', collector)
  await client(defineDesk('stopping'), running.mesh).look({ text: 'hi' })
  await started.stop()
  assert.equal(collector.spans.length, 2)

  const away = await startCollector()
  const other = await start(t, 'alone', away)
  await client(defineDesk('alone'), other.running.mesh).look({ text: 'hi' })
  await away.close()
  const since = performance.now()
  await other.started.stop()
  const ms = performance.now() - since
  assert.ok(ms < 3_500, `${ms} ms`)
})
