import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startStack, type Stack } from '../support/stack.ts'
import { measureAsync, measureIdleStart } from './asynchronous.ts'
import { measureBytes } from './bytes.ts'
import { cpuByPart, residentMiB } from './cpu.ts'
import { measureEvents } from './events.ts'
import { startFloor } from './floor.ts'
import { load, together, type Load, type Target } from './load.ts'
import { createReport } from './report.ts'

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
/** What is compared is measured in turns: the machine may be another one seconds later. */
const ROUNDS = 4

const parts = {
  broker: ({ command }: { command: string }) => command.includes('beam.smp'),
  postgres: ({ command }: { command: string }) => /(^|\/)postgres[: ]/.test(command),
  gateway: ({ command }: { command: string }) =>
    command.includes('gateway/src/main.ts') || command.includes('floor-gateway'),
  executor: ({ command }: { command: string }) => /executor\/src\/main\.ts|(floor|prototype)-consumer/.test(command),
  runners: ({ command }: { command: string }) => /worker\/src\/host\.ts|prototype-child/.test(command),
  client: ({ command }: { command: string }) => command.includes('bench/main.ts'),
}

report.note(
  `Node ${process.version}, ${availableParallelism()} cores, ${values.seconds} s a figure, bodies of ${body.length} bytes, load by autocannon`,
)
const floor = await startFloor()
const stack = await startStack()
const targets = {
  floor: { url: floor.echoUrl, body, status: 200 },
  prototype: { url: floor.prototypeUrl, body, status: 200 },
  sync: { url: `${stack.url}/processes/echo/execution`, body, status: 200 },
  submit: { url: `${stack.url}/processes/echo/execution`, body, status: 201, headers: { prefer: 'respond-async' } },
} satisfies Record<string, Target>
type Name = keyof typeof targets
try {
  for (const target of Object.values(targets)) await load(target, { connections: 64, forMs: 5_000 }) // compile and fill pools
  await stackIdle() // the jobs that the warm-up left must not run beside the floor
  const floors = new Map<number, Load>()
  for (const connections of CONNECTIONS) {
    await measure(wants('sync') ? ['floor', 'prototype', 'sync'] : ['floor'], connections)
  }
  for (const connections of wanted('submit')) {
    await measure(['submit'], connections)
    await stackIdle()
  }
  for (const connections of wanted('async')) {
    const perSecond = await measureAsync(stack, targets.submit, connections, forMs)
    const least = connections === 64 ? { goal: { least: 0.15 } } : {}
    report.figure({
      name: `async.${connections}`,
      value: perSecond,
      unit: 'jobs/s',
      floor: floors.get(connections)?.perSecond ?? NaN,
      ...least,
    })
  }
  if (wants('idle')) {
    report.figure({ name: 'idle.start.p99', value: await measureIdleStart(stack), unit: 'ms', goal: { most: 20 } })
  }
  if (wants('events')) {
    await measureEvents(stack, { forMs: 3_000 }) // what it runs is compiled before it is timed
    const events = await measureEvents(stack, { forMs })
    report.figure({ name: 'events.p50', value: events.p50, unit: 'ms' })
    report.figure({ name: 'events.p99', value: events.p99, unit: 'ms', goal: { most: 50 } })
  }
  if (wants('memory')) await measureMemory(stack)
  if (wants('bytes')) await measureBytes(report, stack, floor.filesUrl, targets.sync)

  async function measure(names: readonly Name[], connections: number): Promise<void> {
    const rounds = names.length > 1 ? ROUNDS : 1
    const measured = names.map((name) => ({ name, loads: [] as Load[], used: new Map<string, number>() }))
    for (let round = 0; round < rounds; round++) {
      for (const { name, loads, used } of measured) {
        const before = cpuByPart(process.ppid, parts)
        loads.push(await load(targets[name], { connections, forMs: forMs / rounds }))
        addDifference(used, before, cpuByPart(process.ppid, parts))
      }
    }
    for (const { name, loads, used } of measured) await tell(name, connections, together(loads), used)
  }

  async function tell(name: Name, connections: number, closed: Load, used: ReadonlyMap<string, number>): Promise<void> {
    if (name === 'floor') floors.set(connections, closed)
    const open = await load(targets[name], { connections, forMs: forMs / 2, rate: closed.perSecond / 2 })
    const base = floors.get(connections)
    const versus = (value: (load: Load) => number): { floor?: number } =>
      base && name !== 'floor' ? { floor: value(base) } : {}
    report.figure({
      name: `${name}.${connections}`,
      value: closed.perSecond,
      unit: 'requests/s',
      ...versus((l) => l.perSecond),
      ...goalOf(name, connections),
    })
    const p50Goal = name === 'sync' && connections === 1 ? { goal: { most: 3 } } : {}
    report.figure({
      name: `${name}.${connections}.p50`,
      value: closed.quantile(0.5),
      unit: 'ms',
      ...versus((l) => l.quantile(0.5)),
      ...p50Goal,
    })
    report.figure({
      name: `${name}.${connections}.p99`,
      value: closed.quantile(0.99),
      unit: 'ms',
      ...versus((l) => l.quantile(0.99)),
    })
    report.figure({ name: `${name}.${connections}.open.p50`, value: open.quantile(0.5), unit: 'ms' })
    report.figure({ name: `${name}.${connections}.open.p99`, value: open.quantile(0.99), unit: 'ms' })
    if (closed.failed + open.failed > 0)
      report.figure({
        name: `${name}.${connections}.failed`,
        value: closed.failed + open.failed,
        unit: 'requests',
        goal: { most: 0 },
      })
    const each = [...used].map(([part, ms]) => `${part} ${(ms / closed.requests).toFixed(3)}`)
    const share =
      [...used.values()].reduce((sum, ms) => sum + ms, 0) / (closed.seconds * 1_000 * availableParallelism())
    report.note(`  bounded by CPU, ms a request: ${each.join(', ')}; ${(share * 100).toFixed(0)} % of the cores`)
  }
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

function goalOf(name: Name, connections: number): { goal?: { least: number } } {
  const goals = { sync: { goal: { least: 0.33 } }, submit: { goal: { least: 0.35 } }, floor: {}, prototype: {} }
  return connections === 64 ? goals[name] : {}
}

function addDifference(sums: Map<string, number>, before: Map<string, number>, after: Map<string, number>): void {
  for (const [part, ms] of after) sums.set(part, (sums.get(part) ?? 0) + ms - (before.get(part) ?? 0))
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
