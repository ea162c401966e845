import { availableParallelism } from 'node:os'
import { cpuByPart, type ProcessInfo } from './cpu.ts'
import { load, together, type Load, type Target } from './load.ts'
import { openLoad } from './open-load.ts'
import type { Figure, Goal, Report } from './report.ts'

/** What a target did, closed loop and open loop. */
interface Measured {
  readonly name: string
  readonly closed: Load
  readonly open: Load
  /** CPU ms by part, in the closed loop */
  readonly used: ReadonlyMap<string, number>
}

export interface ComparisonOptions {
  readonly report: Report
  /** By name; `floor` is what the others are compared with. */
  readonly targets: Readonly<Record<string, Target>>
  /** What of a family of processes belongs to which part. */
  readonly parts: Readonly<Record<string, (process: ProcessInfo) => boolean>>
  readonly forMs: number
  /** By name of the figure */
  readonly goals: Readonly<Record<string, Goal>>
  /** Waits until nothing is left to do of what a load has brought. */
  readonly settle: () => Promise<void>
}

export interface Comparison {
  /** Loads the floor and the others over so many connections, in turns, and reports what they did; the floor once. */
  measure(others: readonly string[], connections: number): Promise<void>
  /** Requests a second of the floor; NaN before it is measured */
  floorAt(connections: number): number
}

/** What is compared is measured in turns: the machine may be another one seconds later. */
const ROUNDS = 4
const FLOOR = 'floor'

export function createComparison({ report, targets, parts, forMs, goals, settle }: ComparisonOptions): Comparison {
  const floors = new Map<number, Load>()
  return { measure, floorAt: (connections) => floors.get(connections)?.perSecond ?? NaN }

  async function measure(others: readonly string[], connections: number): Promise<void> {
    const names = [FLOOR, ...others]
    const used = new Map(names.map((name) => [name, new Map<string, number>()]))
    const closed = await inTurns(names, async (name) => {
      const before = cpuByPart(process.ppid, parts)
      const done = await load(target(name), { connections, forMs: forMs / ROUNDS })
      addDifference(used.get(name)!, before, cpuByPart(process.ppid, parts))
      return done
    })
    // all are asked equally often: half as often as the slowest of them answers
    const perSecond = Math.min(...closed.map((done) => done.perSecond)) / 2
    const open = await inTurns(names, (name) =>
      openLoad(target(name), { connections, forMs: forMs / 2 / ROUNDS, perSecond }),
    )
    const all = names.map((name, n) => ({ name, closed: closed[n]!, open: open[n]!, used: used.get(name)! }))
    const floor = all[0]!
    const isTold = floors.has(connections)
    floors.set(connections, floor.closed)
    for (const measured of isTold ? all.slice(1) : all) tell(measured, measured === floor ? undefined : floor)

    function tell({ name, closed, open, used }: Measured, base: Measured | undefined): void {
      const figure = `${name}.${connections}`
      throughput(figure, closed, base?.closed)
      latency(figure, closed, base?.closed)
      latency(`${figure}.open`, open, base?.open)
      failures(figure, closed.failed + open.failed)
      report.note(`  ${boundOf(closed, used)}; open loop at ${perSecond.toFixed(0)} requests/s`)
    }
  }

  /** The loads of each target as one. */
  async function inTurns(names: readonly string[], loadOnce: (name: string) => Promise<Load>): Promise<Load[]> {
    const loads = names.map((): Load[] => [])
    for (let round = 0; round < ROUNDS; round++) {
      for (const [n, name] of names.entries()) {
        loads[n]!.push(await loadOnce(name))
        await settle()
      }
    }
    return loads.map(together)
  }

  function throughput(name: string, { perSecond }: Load, base: Load | undefined): void {
    report.figure({ name, value: perSecond, unit: 'requests/s', ...versus(base?.perSecond), ...goal(name) })
  }

  function latency(prefix: string, measured: Load, base: Load | undefined): void {
    for (const [suffix, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const name = `${prefix}.${suffix}`
      report.figure({ name, value: measured.quantile(q), unit: 'ms', ...versus(base?.quantile(q)), ...goal(name) })
    }
  }

  function failures(prefix: string, value: number): void {
    if (value > 0) report.figure({ name: `${prefix}.failed`, value, unit: 'requests', goal: { most: 0 } })
  }

  function target(name: string): Target {
    const found = targets[name]
    if (!found) throw new Error(`nothing is called ${name}`)
    return found
  }

  function goal(name: string): Pick<Figure, 'goal'> {
    const found = goals[name]
    return found ? { goal: found } : {}
  }
}

function versus(floor: number | undefined): Pick<Figure, 'floor'> {
  return floor === undefined ? {} : { floor }
}

function boundOf({ requests, seconds }: Load, used: ReadonlyMap<string, number>): string {
  const each = [...used].map(([part, ms]) => `${part} ${(ms / requests).toFixed(3)}`)
  const busy = [...used.values()].reduce((sum, ms) => sum + ms, 0) / (seconds * 1_000 * availableParallelism())
  return `bounded by CPU, ms a request: ${each.join(', ')}; ${(busy * 100).toFixed(0)} % of the cores`
}

function addDifference(sums: Map<string, number>, before: Map<string, number>, after: Map<string, number>): void {
  for (const [part, ms] of after) sums.set(part, (sums.get(part) ?? 0) + ms - (before.get(part) ?? 0))
}
