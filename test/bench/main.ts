import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startStack, type Stack } from '../support/stack.ts'
import { measureAsync, measureIdleStart } from './asynchronous.ts'
import { measureBytes } from './bytes.ts'
import { createComparison } from './comparison.ts'
import { residentMiB, type ProcessInfo } from './cpu.ts'
import { measureEvents } from './events.ts'
import { startFloor } from './floor.ts'
import { load, type Target } from './load.ts'
import { openLoad } from './open-load.ts'
import { createReport, type Goal } from './report.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '100000' },
    only: { type: 'string' },
  },
})
const forMs = Number(values.seconds) * 1_000
const report = createReport(values.json)
const body = '{"inputs":{"text":"hello"}}'
const CONNECTIONS = [1, 16, 64] as const
const GOALS: Readonly<Record<string, Goal>> = {
  'sync.1.p50': { most: 3 },
  'sync.1.open.p50': { most: 3 },
  'sync.64': { least: 0.33 },
  'submit.64': { least: 0.35 },
}

const parts = {
  broker: ({ command }: ProcessInfo) => command.includes('beam.smp'),
  postgres: ({ command }: ProcessInfo) => /(^|\/)postgres[: ]/.test(command),
  gateway: ({ command }: ProcessInfo) => command.includes('gateway/src/main.ts') || command.includes('floor-gateway'),
  executor: ({ command }: ProcessInfo) => /executor\/src\/main\.ts|(floor|prototype)-consumer/.test(command),
  runners: ({ command }: ProcessInfo) => /worker\/src\/host\.ts|prototype-child/.test(command),
  client: ({ command }: ProcessInfo) => command.includes('bench/main.ts'),
}

report.note(
  `Node ${process.version}, ${availableParallelism()} cores, ${values.seconds} s a figure, bodies of ${body.length} bytes, closed loops by autocannon`,
)
const floor = await startFloor()
const stack = await startStack()
const targets = {
  floor: { url: floor.echoUrl, body, status: 200 },
  prototype: { url: floor.prototypeUrl, body, status: 200 },
  sync: { url: `${stack.url}/processes/echo/execution`, body, status: 200 },
  submit: { url: `${stack.url}/processes/echo/execution`, body, status: 201, headers: { prefer: 'respond-async' } },
} satisfies Record<string, Target>
const comparison = createComparison({
  report,
  targets,
  parts,
  forMs,
  goals: GOALS,
  settle: stackIdle,
})
try {
  // compile and fill pools
  for (const target of Object.values(targets)) await load(target, { connections: 64, forMs: 5_000 })
  await openLoad(targets.floor, { connections: 64, forMs: 2_000, perSecond: 1_000 })
  await stackIdle() // the jobs that the warm-up left must not run beside the floor
  for (const connections of CONNECTIONS) {
    await comparison.measure(wants('sync') ? ['prototype', 'sync'] : [], connections)
  }
  for (const connections of wanted('submit')) await comparison.measure(['submit'], connections)
  for (const connections of wanted('async')) {
    const perSecond = await measureAsync(stack, targets.submit, connections, forMs)
    const least = connections === 64 ? { goal: { least: 0.15 } } : {}
    report.figure({
      name: `async.${connections}`,
      value: perSecond,
      unit: 'jobs/s',
      floor: comparison.floorAt(connections),
      ...least,
    })
  }
  if (wants('idle')) {
    const idle = await measureIdleStart(stack, targets.floor)
    report.figure({ name: 'idle.start.p99', value: idle.start, unit: 'ms', goal: { most: 20 } })
    report.figure({ name: 'idle.floor.p99', value: idle.floor, unit: 'ms' })
  }
  if (wants('events')) {
    await measureEvents(stack, targets.submit, { forMs: 3_000 }) // what it runs is compiled before it is timed
    const events = await measureEvents(stack, targets.submit, { forMs })
    report.figure({ name: 'events.p50', value: events.p50, unit: 'ms' })
    report.figure({ name: 'events.p99', value: events.p99, unit: 'ms', goal: { most: 50 } })
  }
  if (wants('memory')) await measureMemory(stack)
  if (wants('bytes')) await measureBytes(report, stack, floor.filesUrl, targets.sync)
} finally {
  await stack.close()
  await floor.stop()
}
const missed = report.missed()
if (missed.length > 0) report.note(`missed: ${missed.join(', ')}`)
process.exitCode = missed.length > 0 ? 1 : 0

/** Whether a part is asked for: all of them, unless told. */
function wants(part: string): boolean {
  return values.only === undefined || values.only.split(',').includes(part)
}

function wanted(part: string): readonly number[] {
  return wants(part) ? CONNECTIONS : []
}

async function stackIdle(): Promise<void> {
  for (const status of ['accepted', 'running']) {
    for (;;) {
      const answer = await fetch(`${stack.url}/jobs?status=${status}&limit=1`)
      if (((await answer.json()) as { jobs: unknown[] }).jobs.length === 0) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** Memory after each tenth of the runs: it may rise while caches fill, and must then stay. */
async function measureMemory(stack: Stack): Promise<void> {
  const runs = Number(values.runs)
  const sizes = { gateway: [] as number[], executor: [] as number[] }
  for (let tenth = 0; tenth < 10; tenth++) {
    await load(targets.sync, { connections: 64, requests: runs / 10 })
    for (const name of ['gateway', 'executor'] as const) sizes[name].push(residentMiB(stack.pid(name)))
  }
  for (const name of ['gateway', 'executor'] as const) {
    const [, , third = NaN] = sizes[name]
    const last = sizes[name].at(-1) ?? NaN
    report.figure({ name: `memory.${name}`, value: last, unit: 'MiB' })
    report.figure({ name: `memory.${name}.growth`, value: last / third, unit: '×', goal: { most: 1.15 } })
    report.note(
      `  ${name} MiB after each tenth of ${runs} runs: ${sizes[name].map((size) => size.toFixed(0)).join(' ')}`,
    )
  }
}
