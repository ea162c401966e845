import type { Child } from './child.ts'
import type { RunProblem } from './protocol.ts'
import type { Run } from './run.ts'

/** The ways in which a child is ended, from the gentlest to the surest. */
export interface Stopping {
  readonly signalled: NodeJS.Signals | undefined
  /** Why the host gives up, or is given up, told before it ends; the first reason counts */
  readonly lastWords: RunProblem | undefined
  /** A host ends when its channel does; one that does not is helped. */
  leave(): void
  /** A cancelled run that goes on gets SIGTERM, then SIGKILL. */
  press(run: Run): void
  kill(why?: RunProblem): void
  note(lastWords: RunProblem): void
}

export interface StoppingOptions {
  /** From the `cancel` message to SIGTERM */
  readonly graceMs: number
  /** From SIGTERM to SIGKILL */
  readonly termMs: number
}

export function createStopping(child: Pick<Child, 'signal' | 'end'>, { graceMs, termMs }: StoppingOptions): Stopping {
  let signalled: NodeJS.Signals | undefined
  let lastWords: RunProblem | undefined

  return {
    get signalled() {
      return signalled
    },
    get lastWords() {
      return lastWords
    },
    leave,
    press,
    kill,
    note: (words) => void (lastWords ??= words),
  }

  function leave() {
    child.end()
    setTimeout(kill, termMs).unref()
  }

  function press({ cancelledAt, headSince }: Run) {
    if (cancelledAt === undefined) return
    const late = performance.now() - Math.max(cancelledAt, headSince)
    if (late >= graceMs + termMs) kill()
    else if (late >= graceMs && signalled === undefined) signal('SIGTERM')
  }

  function kill(why?: RunProblem) {
    lastWords ??= why
    signal('SIGKILL')
  }

  function signal(name: NodeJS.Signals) {
    if (signalled === name) return
    signalled = name
    child.signal(name)
  }
}
