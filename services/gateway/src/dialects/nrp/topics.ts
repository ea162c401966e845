import type { Job } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { Context } from '../../context.ts'
import { simulationId } from './simulation.ts'
import type { NrpState } from './states.ts'

/** What the NRP frontend listens to; `data` may have a data pack behind a slash. */
export type Topic = 'status' | 'runtime_error' | 'lifecycle' | 'data' | `data/${string}`

type Told = Pick<Context, 'mqtt' | 'config'>

/** The topic of a simulation, with the prefix of this installation. */
export function topicOf({ config }: Pick<Told, 'config'>, id: number, topic: Topic): string {
  return `${config.nrpMqttPrefix && `${config.nrpMqttPrefix}/`}nrp_simulation/${id}/${topic}`
}

export async function tell(context: Told, id: number, topic: Topic, payload: unknown): Promise<void> {
  await context.mqtt(topicOf(context, id, topic), payload)
}

/** `from` is null where it is not known: a job that was dismissed does not say what it did before. */
export function lifecycle(from: NrpState | null, event: NrpState | 'initialized', to: NrpState): object {
  return { source_node: 'warren', source_state: from, event, target_state: to }
}

/** Times that nobody knows are null. */
export function status(state: NrpState, times: Times | null): object {
  const { realTime = null, simulationTime = null, simulationTimeLeft = null } = times ?? {}
  return { realTime, simulationTime, state, simulationTimeLeft }
}

export interface Times {
  readonly realTime?: number
  readonly simulationTime?: number
  readonly simulationTimeLeft?: number
}

/** A simulation that had completed has been stopped: no event of its job tells that. */
export async function tellClosed(context: Told & Pick<Context, 'executor'>, job: Job, asker: CallOptions) {
  const id = simulationId(job)
  const task = 'Stopping simulation'
  const begun = { task, subtask: '', number_of_subtasks: 0, subtask_index: 0, block_ui: false }
  try {
    await tell(context, id, 'status', { progress: begun })
    await tell(context, id, 'lifecycle', lifecycle('completed', 'stopped', 'stopped'))
    const { body } = await context.executor.getResults({ id: job.id }, asker)
    await tell(context, id, 'status', status('stopped', JSON.parse(body) as Times))
    await tell(context, id, 'status', { progress: { task, done: true } })
  } catch {
    // at most once, like all that is told
  }
}
