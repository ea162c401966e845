import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type ChildExit } from './child.ts'
import { answerCall } from './nested-call.ts'
import { cancelLine, runLine, type HostMessage, type RunProblem } from './protocol.ts'
import { keepLog } from './run-log.ts'
import { crash, failed, problemOf, violation } from './outcome.ts'
import { overdueRuns, startByNow } from './overdue.ts'
import type { Run, RunOutcome } from './run.ts'

export interface RunnerOptions {
  readonly command: readonly [file: string, ...args: string[]]
  readonly env: { readonly [name: string]: string }
  /** Where the runner's own directory is made */
  readonly workRoot: string
  readonly maxOutputBytes: number
  readonly maxLogBytes: number
  readonly graceMs: number
  readonly termMs: number
}

export interface RunnerEvents {
  onOutcome(run: Run, outcome: RunOutcome): void
  /** These never started, and may go elsewhere. */
  onReturned(runs: Run[]): void
  /** The runner has less to do than before, or lends its slot, or takes it back. */
  onChange(): void
  onGone(): void
}

/** A child with the runs that were sent to it: the head runs, the others wait behind it. */
export interface Runner {
  readonly runs: readonly Run[]
  /** Whether it takes a slot: not while its head waits for another process, or sleeps */
  holdsSlot(): boolean
  /** Whether another run may be sent */
  accepts(): boolean
  dispatch(run: Run): void
  cancel(run: Run): void
  /** Looks at what only time brings: overdue followers, cancelled runs that go on. Every 25 ms or so. */
  sweep(): void
  pause(): void
  resume(): void
  /** Ends an idle child now, a busy one after its runs. */
  retire(): void
  readonly retired: boolean
  /** Performance time of the last change, to reap what is idle */
  readonly since: number
  readonly pid: number | undefined
}

export function createRunner(options: RunnerOptions, events: RunnerEvents): Runner {
  const runs: Run[] = []
  const root = mkdtempSync(join(options.workRoot, 'runner-'))
  let paused = false
  let retired = false
  let gone = false
  let since = performance.now()
  let signalled: NodeJS.Signals | undefined
  /** Why the host gives up, told before it ends */
  let lastWords: RunProblem | undefined
  /** Runs taken back by the clock, whose `returned` is still to come: until then it might be confused with a second try */
  const takenBack = new Set<string>()
  /** Settles the head that has answered */
  let settling: (() => void) | undefined

  const child = startChild({
    command: options.command,
    cwd: root,
    env: options.env,
    maxMessageBytes: options.maxOutputBytes,
    onMessage,
    onViolation,
    onLog: (line) => runs[0] && keepLog(runs[0], line, options.maxLogBytes),
    onExit,
  })

  return {
    runs,
    holdsSlot: () => (runs.length > 0 ? !paused && runs[0]!.calls === 0 : takenBack.size > 0 && !gone),
    accepts: () => !gone && !retired && !paused && signalled === undefined && takenBack.size === 0 && isFresh(),
    dispatch,
    cancel,
    sweep,
    pause: () => runs.length > 0 && setPaused(true),
    resume: () => setPaused(false),
    retire,
    get retired() {
      return retired || gone
    },
    get since() {
      return since
    },
    pid: child.pid,
  }

  function isFresh() {
    const head = runs[0]
    return !head || (head.cancelledAt === undefined && head.calls === 0 && performance.now() - head.headSince < 10)
  }

  function dispatch(run: Run) {
    const { id, processId, attempt, inputs } = run.request
    run.startBy = runs.length === 0 ? undefined : startByNow()
    run.overdue = false
    runs.push(run)
    const workdir = run.request.workdir ?? join(root, `${id}.${attempt}`)
    child.send(runLine({ id, processId, workdir, attempt, startBy: run.startBy, inputs }))
    if (runs.length === 1) lead(run)
  }

  function lead(run: Run) {
    run.headSince = since = performance.now()
    run.hooks.onStart?.()
  }

  function cancel(run: Run) {
    if (run.cancelledAt !== undefined) return
    run.cancelledAt = performance.now()
    setPaused(false)
    child.send(cancelLine(run.request.id))
  }

  function sweep() {
    returnOverdue()
    const head = runs[0]
    if (!head && takenBack.size > 0 && performance.now() - since > options.termMs) signal('SIGKILL')
    if (head?.cancelledAt === undefined) return
    const late = performance.now() - Math.max(head.cancelledAt, head.headSince)
    if (late >= options.graceMs + options.termMs) signal('SIGKILL')
    else if (late >= options.graceMs && signalled === undefined) signal('SIGTERM')
  }

  function returnOverdue() {
    const overdue = overdueRuns(runs)
    if (overdue.length === 0) return
    for (const run of overdue) takenBack.add(run.request.id)
    giveBack(overdue)
  }

  function giveBack(returned: Run[]) {
    const head = runs[0]
    for (const run of returned) runs.splice(runs.indexOf(run), 1)
    if (runs[0] && runs[0] !== head) lead(runs[0])
    handBack(returned)
  }

  function handBack(unstarted: Run[]) {
    for (const run of unstarted.filter(isCancelled)) events.onOutcome(run, { status: 'cancelled' })
    events.onReturned(unstarted.filter((run) => !isCancelled(run)))
    events.onChange()
  }

  function signal(name: NodeJS.Signals) {
    if (signalled === name) return
    signalled = name
    child.signal(name)
  }

  function setPaused(pause: boolean) {
    if (paused === pause || gone) return
    paused = pause
    child.signal(pause ? 'SIGSTOP' : 'SIGCONT')
    events.onChange()
  }

  function retire() {
    if (retired) return
    retired = true
    if (runs.length === 0) leave()
  }

  /** A host ends when its channel does; one that does not is helped. */
  function leave() {
    child.end()
    setTimeout(() => signal('SIGKILL'), options.termMs).unref()
  }

  function onMessage(message: HostMessage) {
    if (message.type === 'described') return
    if (message.type === 'error' && message.id === '') {
      lastWords = problemOf(message)
      return
    }
    if (message.type === 'returned' && takenBack.delete(message.id)) return events.onChange()
    const run = runs.find(({ request }) => request.id === message.id)
    if (!run) return
    switch (message.type) {
      case 'result':
        return answered(run, { status: 'successful', outputs: message.outputs, value: message.value })
      case 'error':
        return answered(run, failed(run, problemOf(message)))
      case 'returned':
        return giveBack([run])
      case 'progress':
        return void (Number.isFinite(message.percent) && run.hooks.onProgress?.(message.percent, message.message))
      case 'metric':
        return void (Number.isFinite(message.value) && run.hooks.onMetric?.(message.name, message.value, message.step))
      case 'workdir':
        if (!run.request.workdir) run.workdir = join(root, `${run.request.id}.${run.request.attempt}`)
        return
      case 'call':
        return void call(run, message.call, message.process, message.inputs)
    }
  }

  function answered(run: Run, outcome: RunOutcome) {
    settling?.()
    if (!runs.includes(run)) return
    settling = () => {
      settling = undefined
      runs.splice(runs.indexOf(run), 1)
      since = performance.now()
      if (run.workdir) void rm(run.workdir, { recursive: true, force: true })
      if (runs[0]) lead(runs[0])
      else if (retired || signalled !== undefined) leave()
      events.onOutcome(run, outcome)
      events.onChange()
    }
    // What the run printed before its answer is on its way in other pipes, and is read within this turn. A run with
    // others behind it belongs to a process that prints nothing.
    if (runs.length > 1) settling()
    else setImmediate(() => settling?.())
  }

  async function call(run: Run, number: string, processId: string, inputs: string) {
    const answer = answerCall(run, number, processId, inputs)
    events.onChange()
    child.send(await answer)
    events.onChange()
  }

  function onViolation(kind: 'malformed' | 'too large', line = '') {
    lastWords ??= violation(kind, line, options.maxOutputBytes)
    signal('SIGKILL')
  }

  function onExit(exit: ChildExit) {
    settling?.()
    gone = true
    const [head, ...followers] = runs.splice(0)
    if (head) events.onOutcome(head, failed(head, lastWords ?? crash(exit)))
    void rm(root, { recursive: true, force: true })
    events.onGone()
    handBack(followers)
  }
}

function isCancelled(run: Run) {
  return run.cancelledAt !== undefined
}
