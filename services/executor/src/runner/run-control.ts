import type { Child } from './child.ts'
import type { Head } from './head.ts'
import { cancelLine, checkpointLine, type RunProblem } from './protocol.ts'
import type { Run } from './run.ts'
import type { Stopping } from './stopping.ts'
import { createYielding } from './yielding.ts'

/** What may be asked of the runs of a child. */
export interface RunControl {
  readonly paused: boolean
  /**
   * Stops the process group, at once, or where a process that yields comes to a point for that; resolves to false if
   * there is no head, or it has ended or goes on before that.
   */
  pause(): Promise<boolean>
  resume(): void
  /** A run has come to where it may rest. */
  rests(run: Run): void
  /** Asks the head to save its state and end; false if it cannot, or is being stopped. */
  checkpoint(): boolean
  /** Stops a run within the bound. With a verdict it fails of that, and is not merely cancelled. */
  cancel(run: Run, verdict?: RunProblem): void
  /** Looks at the limits and at those who were told to end. */
  sweep(): void
}

export function createRunControl(child: Child, head: Head, stopping: Stopping, onChange: () => void): RunControl {
  const yielding = createYielding(child)
  let paused = false

  return {
    get paused() {
      return paused
    },
    pause,
    resume: goOn,
    rests: yielding.rests,
    checkpoint,
    cancel,
    sweep,
  }

  async function pause() {
    const run = steerable()
    if (!run) return false
    if (run.yields && !paused && !((await yielding.ask(run)) && steerable() === run)) return false
    setPaused(true)
    return true
  }

  function goOn() {
    yielding.goOn()
    setPaused(false)
  }

  function checkpoint() {
    const run = steerable()
    if (!run?.checkpointable) return false
    goOn()
    child.send(checkpointLine(run.request.id))
    return true
  }

  /** The head, unless it is being stopped */
  function steerable() {
    return stopping.signalled === undefined && head.run?.cancelledAt === undefined ? head.run : undefined
  }

  function cancel(run: Run, verdict?: RunProblem) {
    if (run.cancelledAt !== undefined) return
    run.cancelledAt = performance.now()
    run.verdict = verdict
    child.send(cancelLine(run.request.id))
    // behind it: one that rests finds both, and ends where it is
    goOn()
  }

  function setPaused(pause: boolean) {
    if (paused === pause) return
    head.count(paused)
    paused = pause
    child.signal(pause ? 'SIGSTOP' : 'SIGCONT')
    onChange()
  }

  function sweep() {
    const { run } = head
    if (!run) return
    head.count(paused)
    const { demand, problem } = head.breach() ?? {}
    if (demand === 'kill') stopping.kill(problem)
    if (demand === 'cancel') cancel(run, problem)
    if (demand === 'ask' && run.cancelledAt === undefined) {
      run.verdict = problem
      child.send(cancelLine(run.request.id))
    }
    stopping.press(run)
  }
}
