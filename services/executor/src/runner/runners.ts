import type { Described } from './described.ts'
import { createGuard } from './guard.ts'
import { hostCommand, hostEnvironment } from './hosts.ts'
import { createRunner, type Runner, type RunnerEvents, type RunnerOptions } from './runner.ts'

export interface RunnersOptions extends Omit<RunnerOptions, 'command' | 'env' | 'hostApart'> {
  readonly slots: number
  readonly env: { readonly [name: string]: string | undefined }
  readonly python?: string
  readonly idleMs?: number
  readonly lastIdleMs?: number
}

export interface Runners {
  readonly size: number
  all(): Iterable<Runner>
  freeSlots(): number
  /** Those of the process's folder, as its files are now, that take another run */
  accepting(described: Described): Runner[]
  /** How many have a run of the process */
  countOf(processId: string): number
  /** The one whose head is this run */
  leading(id: string): Runner | undefined
  start(described: Described): Runner
  /** Ends those whose folder has changed or gone; busy ones after their runs. */
  keep(described: readonly Described[]): void
  /** Call it when all have gone. */
  close(): void
}

/** Children over this number, beyond one per slot, make room when another is started */
const kept = 16

/** The warm children of a pool; those that are idle for long end. */
export function createRunners(options: RunnersOptions, events: Omit<RunnerEvents, 'onGone'>): Runners {
  const env = hostEnvironment(options.env)
  const runners = new Map<Runner, string>()
  const guard = createGuard()
  const { idleMs = 60_000, lastIdleMs = 900_000 } = options
  const reaper = setInterval(reap, Math.min(10_000, idleMs)).unref()

  return {
    get size() {
      return runners.size
    },
    all: () => runners.keys(),
    freeSlots,
    accepting,
    countOf,
    leading: (id) => [...runners.keys()].find(({ runs }) => runs[0]?.request.id === id),
    start,
    keep,
    close,
  }

  function freeSlots() {
    let busy = 0
    for (const runner of runners.keys()) if (runner.holdsSlot()) busy++
    return Math.max(0, options.slots - busy)
  }

  function accepting(described: Described) {
    const key = keyOf(described)
    const found: Runner[] = []
    for (const [runner, its] of runners) if (its === key && runner.accepts()) found.push(runner)
    return found
  }

  function countOf(processId: string) {
    let count = 0
    for (const { runs } of runners.keys()) if (runs.some(({ request }) => request.processId === processId)) count++
    return count
  }

  function start(described: Described) {
    const command = hostCommand(described.kind, described.entry, options.python)
    const runner = createRunner(
      { ...options, command, env, hostApart: described.kind === 'command' },
      { ...events, onGone },
    )
    runners.set(runner, keyOf(described))
    if (runner.pid !== undefined) guard.add(runner.pid)
    if (runners.size > kept + options.slots) idle()[0]?.retire()
    return runner

    function onGone() {
      runners.delete(runner)
      if (runner.pid !== undefined) guard.remove(runner.pid)
      events.onChange()
    }
  }

  function keep(described: readonly Described[]) {
    const keys = new Set(described.map(keyOf))
    for (const [runner, key] of runners) if (!keys.has(key)) runner.retire()
  }

  function reap() {
    for (const runner of idle()) {
      if (performance.now() - runner.since > (hasTwin(runner) ? idleMs : lastIdleMs)) runner.retire()
    }
  }

  /** Another child is there for the same folder. */
  function hasTwin(runner: Runner) {
    const key = runners.get(runner)
    for (const [other, its] of runners) if (other !== runner && its === key && !other.retired) return true
    return false
  }

  function close() {
    clearInterval(reaper)
    guard.close()
  }

  /** The longest idle first */
  function idle() {
    return [...runners.keys()]
      .filter(({ runs, retired }) => runs.length === 0 && !retired)
      .toSorted((a, b) => a.since - b.since)
  }
}

/** Processes of one folder share children as long as its files are the same. */
function keyOf({ entry, digest }: Described) {
  return `${digest} ${entry}`
}
