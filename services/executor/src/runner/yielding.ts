import type { Child } from './child.ts'
import { pauseLine } from './protocol.ts'
import type { Run } from './run.ts'

/** Waits for a run to come to a point where it may rest. */
export interface Yielding {
  /** Resolves to true when it rests, or has had its time; to false when it shall go on after all, or end. */
  ask(run: Run): Promise<boolean>
  /** It rests. */
  rests(run: Run): void
  /** It shall not rest, or not any more. */
  goOn(): void
}

/** One that does not come to such a point is stopped wherever it is. */
const YIELD_MS = 1500

export function createYielding(child: Pick<Child, 'send'>): Yielding {
  let asked: { readonly run: Run; readonly answer: PromiseWithResolvers<boolean> } | undefined
  return { ask, rests, goOn }

  function ask(run: Run) {
    if (asked?.run === run) return asked.answer.promise
    asked?.answer.resolve(false)
    const answer = Promise.withResolvers<boolean>()
    asked = { run, answer }
    child.send(pauseLine('pause', run.request.id))
    const late = setTimeout(() => answer.resolve(true), YIELD_MS)
    void answer.promise.then(() => clearTimeout(late))
    return answer.promise
  }

  function rests(run: Run) {
    if (asked?.run === run) asked.answer.resolve(true)
  }

  function goOn() {
    if (!asked) return
    asked.answer.resolve(false)
    child.send(pauseLine('resume', asked.run.request.id))
    asked = undefined
  }
}
