import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type ChildExit } from './child.ts'
import { answerCall } from './nested-call.ts'
import { createHead } from './head.ts'
import { runLine, type HostMessage } from './protocol.ts'
import { passOn } from './reports.ts'
import { keepPrinted } from './run-log.ts'
import { checkpointed, crash, failed, problemOf, successful, violation } from './outcome.ts'
import { overdueRuns, startByNow } from './overdue.ts'
import { createRunControl, type RunControl } from './run-control.ts'
import type { Run, RunOutcome } from './run.ts'
import { createStopping, type StoppingOptions } from './stopping.ts'

export interface RunnerOptions extends StoppingOptions {
  readonly command: readonly [file: string, ...args: string[]]
  readonly env: { readonly [name: string]: string }
  /** Where the runner's own directory is made */
  readonly workRoot: string
  readonly maxOutputBytes: number
  readonly maxLogBytes: number
  /** The process runs in a child of the host, which takes memory of its own */
  readonly hostApart: boolean
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
export interface Runner extends Pick<RunControl, 'pause' | 'resume' | 'checkpoint' | 'cancel'> {
  readonly runs: readonly Run[]
  /** Whether it takes a slot: not while its head waits for another process, or sleeps */
  holdsSlot(): boolean
  /** Whether another run may be sent */
  accepts(): boolean
  dispatch(run: Run): void
  /** Looks at what only time brings: overdue followers, cancelled runs that go on. Every 25 ms or so. */
  sweep(): void
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
  let retired = false
  let gone = false
  let since = performance.now()
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
    onLog: (stream, lines, bytes) => runs[0] && keepPrinted(runs[0], stream, lines, bytes, options.maxLogBytes),
    onExit,
  })
  const head = createHead(child.pid === undefined ? undefined : { pgid: child.pid, hostApart: options.hostApart })
  const stopping = createStopping(child, options)
  const control = createRunControl(child, head, stopping, () => gone || events.onChange())

  return {
    runs,
    holdsSlot: () => (runs.length > 0 ? !control.paused && runs[0]!.calls === 0 : takenBack.size > 0 && !gone),
    accepts: () => isWell() && takenBack.size === 0 && isFresh(),
    dispatch,
    sweep,
    pause: control.pause,
    resume: control.resume,
    checkpoint: control.checkpoint,
    cancel: control.cancel,
    retire,
    get retired() {
      return retired || gone
    },
    get since() {
      return since
    },
    pid: child.pid,
  }

  function isWell() {
    return !gone && !retired && !control.paused && stopping.signalled === undefined
  }

  function isFresh() {
    const { run } = head
    return !run || (run.cancelledAt === undefined && run.calls === 0 && performance.now() - run.headSince < 10)
  }

  function dispatch(run: Run) {
    const { id, attempt } = run.request
    run.startBy = runs.length === 0 ? undefined : startByNow()
    run.overdue = false
    runs.push(run)
    const workdir = run.request.workdir ?? join(root, `${id}.${attempt}`)
    child.send(runLine({ ...run.request, workdir, startBy: run.startBy }))
    lead()
  }

  /** Call it whenever the first of the runs may be another one. */
  function lead() {
    since = performance.now()
    head.lead(runs[0])
  }

  function sweep() {
    returnOverdue()
    if (head.run) return control.sweep()
    if (takenBack.size > 0 && performance.now() - since > options.termMs) stopping.kill()
  }

  function returnOverdue() {
    const overdue = overdueRuns(runs)
    if (overdue.length === 0) return
    for (const run of overdue) takenBack.add(run.request.id)
    giveBack(overdue)
  }

  function giveBack(returned: Run[]) {
    for (const run of returned) runs.splice(runs.indexOf(run), 1)
    lead()
    handBack(returned)
  }

  function handBack(unstarted: Run[]) {
    for (const run of unstarted.filter(isToEnd)) {
      events.onOutcome(run, failed(run, { code: 'CANCELLED', message: 'cancelled' }))
    }
    events.onReturned(unstarted.filter((run) => !isToEnd(run)))
    events.onChange()
  }

  function retire() {
    if (retired) return
    retired = true
    if (runs.length === 0) stopping.leave()
  }

  function onMessage(message: HostMessage) {
    if (message.type === 'described') return
    if (message.type === 'ready') return head.begin()
    if (message.type === 'error' && message.id === '') return stopping.note(problemOf(message))
    if (message.type === 'returned' && takenBack.delete(message.id)) return events.onChange()
    const run = runs.find(({ request }) => request.id === message.id)
    if (!run) return
    switch (message.type) {
      case 'result':
        return answered(run, successful(run, message))
      case 'checkpointed':
        return answered(run, checkpointed(run, message.state))
      case 'error':
        return answered(run, failed(run, head.explain(problemOf(message))))
      case 'returned':
        return giveBack([run])
      case 'workdir':
        if (!run.request.workdir) run.workdir = join(root, `${run.request.id}.${run.request.attempt}`)
        return
      case 'paused':
        return control.rests(run)
      case 'call':
        return void call(run, message.call, message.process, message.inputs)
      default:
        return passOn(run, message, options.maxLogBytes)
    }
  }

  function answered(run: Run, outcome: RunOutcome) {
    settling?.()
    if (!runs.includes(run)) return
    settling = () => {
      settling = undefined
      runs.splice(runs.indexOf(run), 1)
      if (run.workdir) void rm(run.workdir, { recursive: true, force: true })
      lead()
      retired ||= head.swollen
      if (!head.run && (retired || stopping.signalled !== undefined)) stopping.leave()
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
    stopping.kill(violation(kind, line, options.maxOutputBytes))
  }

  function onExit(exit: ChildExit) {
    settling?.()
    gone = true
    const [first, ...followers] = runs.splice(0)
    const problem = stopping.lastWords ?? head.explain(crash(exit))
    lead()
    if (first) events.onOutcome(first, failed(first, problem))
    void rm(root, { recursive: true, force: true })
    events.onGone()
    handBack(followers)
  }
}

function isToEnd(run: Run) {
  return run.cancelledAt !== undefined || run.verdict !== undefined
}
