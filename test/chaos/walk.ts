import { isFinal, type JobState } from '@warren/contracts'
import { transitions } from '../../services/executor/src/jobs/transitions.ts'

/** One event of a job, or one state that it was seen in. */
export interface Step {
  readonly event: string
  readonly state: JobState
  readonly attempt: number
}

interface Transition {
  readonly from: readonly JobState[]
  readonly to: JobState
  readonly event?: string
}

const moves: readonly Transition[] = Object.values(transitions)

/**
 * What is wrong with the events of a job, in the order in which readers get them; nothing when they are a walk through
 * the table of transitions, each attempt of which is begun once.
 */
export function wrongStep(steps: readonly Step[], mode: 'sync' | 'async' | undefined): string | undefined {
  let before: Step | undefined
  for (const step of steps) {
    const wrong = before ? wrongAfter(before, step) : wrongFirst(step, mode)
    if (wrong) return wrong
    before = step
  }
  return undefined
}

function wrongFirst({ event, state, attempt }: Step, mode: 'sync' | 'async' | undefined): string | undefined {
  const first = `${event} ${state}`
  const isAccepted = first === 'jobAccepted queued' || first === 'jobCreated created'
  if (mode !== 'sync' && isAccepted) return attempt === 0 ? undefined : `it begins with attempt ${attempt}`
  // a short synchronous run is written once, with its end
  const isBegun = first === 'jobStarted running' || first === 'jobClaimed staging'
  if (mode !== 'async' && (isBegun || isFinal(state))) return undefined
  return `it begins with ${first}`
}

function wrongAfter(before: Step, { event, state, attempt }: Step): string | undefined {
  const told = `${before.event} ${before.state} ${before.attempt} → ${event} ${state} ${attempt}`
  const begins = event === 'jobClaimed' || (event === 'jobStarted' && before.state !== 'staging')
  const expected = before.attempt + (begins ? 1 : 0)
  if (attempt !== expected) return `${told}: the attempt should be ${expected}`
  if (event === 'jobProgressed') return state === before.state ? undefined : `${told}: progress changes the state`
  const reached = moves.some((move) => {
    return move.event === event && move.to === state && silently(before.state).some((from) => move.from.includes(from))
  })
  return reached ? undefined : `${told}: there is no such transition`
}

/** States that are reached without telling anybody. */
function silently(state: JobState): JobState[] {
  const reached = [state]
  for (const from of reached) {
    for (const move of moves) {
      if (move.event === undefined && move.from.includes(from) && !reached.includes(move.to)) reached.push(move.to)
    }
  }
  return reached
}
