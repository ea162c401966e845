import type { ControlAction, Job } from '@warren/contracts'

/** `stopped` and `failed` are final. */
export const states = ['created', 'paused', 'started', 'completed', 'stopped', 'failed'] as const
export type NrpState = (typeof states)[number]

export function isFinalState(state: NrpState): boolean {
  return state === 'stopped' || state === 'failed'
}

export function isState(text: unknown): text is NrpState {
  return states.some((state) => state === text)
}

/**
 * The state of a simulation. It is `paused` from the first moment, as what comes before is done when the job is stored,
 * and `started` also while it waits for a slot. What was asked for counts, as it is going to be.
 */
export function stateOf({ state, desired }: Pick<Job, 'state' | 'desired'>): NrpState {
  switch (state) {
    case 'created':
      return 'paused'
    case 'paused':
      return desired === 'run' ? 'started' : 'paused'
    case 'successful':
      return desired === 'stop' ? 'stopped' : 'completed'
    case 'failed':
      return 'failed'
    case 'dismissed':
      return 'stopped'
    default:
      return desired === 'pause' ? 'paused' : 'started'
  }
}

type Actions = Partial<Record<NrpState, ControlAction>>

/** What has to be done on the way; `completed` and `failed` come from the simulation itself. */
const transitions: Partial<Record<NrpState, Actions>> = {
  paused: { started: 'resume', stopped: 'stop' },
  started: { paused: 'pause', stopped: 'stop' },
  completed: { stopped: 'close' },
}

/** Undefined when there is no such way. */
export function actionTo(wanted: NrpState, job: Pick<Job, 'state' | 'desired'>): ControlAction | undefined {
  const action = transitions[stateOf(job)]?.[wanted]
  return action === 'resume' && job.state === 'created' ? 'start' : action
}
