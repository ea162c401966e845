import { executor as contract, WarrenError, type Job, type JobTold } from '@warren/contracts'
import { subscribe, type CloudEvent, type RunningService } from '@warren/mesh'
import type { Context } from '../../context.ts'
import { asAdmin, PROCESS, SERIES, simulationId } from './simulation.ts'
import type { NrpState } from './states.ts'
import { lifecycle, status, tell, topicOf, type Times } from './topics.ts'

const REMEMBERED_MOST = 1_000

const told = lastWord(contract.events.jobTold.topic)

/**
 * Tells MQTT clients of the NRP what happens to simulations, each message once, however many gateways there are. The
 * process tells its times, errors and data itself; what becomes of its job is told here.
 */
export async function bridgeToTopics(context: Context, { mesh, log }: Pick<RunningService, 'mesh' | 'log'>) {
  /** Job → simulation; null of a job that is none */
  const known = new Map<string, number | null>()
  await subscribe(mesh, hear, { shared: 'nrp', patterns: [`job.${PROCESS}.*.*`] })

  async function hear(event: CloudEvent, topic: string): Promise<void> {
    const { jobId } = event.data as { readonly jobId: string }
    const word = lastWord(topic)
    try {
      const id = await simulationOf(jobId)
      if (id === null) return
      if (word === told) await tellTold(event.data as JobTold, id)
      else await tellMove(word, jobId, id)
    } catch (error) {
      if (error instanceof WarrenError && error.code === 'NO_SUCH_JOB') return
      log.info({ err: error, topic }, 'MQTT clients were not told')
    }
  }

  async function simulationOf(jobId: string): Promise<number | null> {
    const before = known.get(jobId)
    if (before !== undefined) return before
    const job = await read(jobId)
    const id = job.series === SERIES ? simulationId(job) : null
    if (known.size >= REMEMBERED_MOST) known.clear()
    known.set(jobId, id)
    return id
  }

  async function tellTold({ name, data }: JobTold, id: number): Promise<void> {
    const [kind] = name.split('/')
    if (kind === 'status') return tell(context, id, 'status', status((data as Status).state, data as Times))
    if (kind === 'progress') return tell(context, id, 'status', { progress: data })
    if (kind === 'runtime_error') return tell(context, id, 'runtime_error', { sim_id: id, ...(data as object) })
    if (name === 'data') return tell(context, id, 'data', topicsOf(data as DataPack[], id))
    if (kind === 'data') return tell(context, id, name as `data/${string}`, data)
  }

  function topicsOf(packs: readonly DataPack[], id: number): object[] {
    return packs.map(({ name, type }) => ({ topic: topicOf(context, id, `data/${name}`), type }))
  }

  async function tellMove(word: string, jobId: string, id: number): Promise<void> {
    switch (word) {
      case 'created':
        await tell(context, id, 'lifecycle', lifecycle('created', 'initialized', 'paused'))
        return tell(context, id, 'status', status('paused', { realTime: 0, simulationTime: 0 }))
      case 'accepted':
      case 'resumed':
        return tell(context, id, 'lifecycle', lifecycle('paused', 'started', 'started'))
      case 'paused':
        return tell(context, id, 'lifecycle', lifecycle('started', 'paused', 'paused'))
      case 'successful':
        return tellCompleted(jobId, id)
      case 'failed':
        return tellFailed(await read(jobId), id)
      case 'dismissed':
        return tellStopped(await read(jobId), id)
    }
  }

  async function tellCompleted(jobId: string, id: number): Promise<void> {
    const { body } = await context.executor.getResults({ id: jobId }, asAdmin)
    await tell(context, id, 'lifecycle', lifecycle('started', 'completed', 'completed'))
    await tell(context, id, 'status', status('completed', JSON.parse(body) as Times))
  }

  /** A script that fails says itself why; one whose process is gone cannot. */
  async function tellFailed({ problem, startedAt }: Job, id: number): Promise<void> {
    await tell(context, id, 'lifecycle', lifecycle(startedAt === null ? null : 'started', 'failed', 'failed'))
    await tell(context, id, 'status', status('failed', problem as Times))
    if (problem?.['processCode'] !== undefined) return
    const msg = problem?.['detail'] ?? problem?.title
    const error = { msg, error_type: 'Runtime', fileName: '', line_number: -1, offset: 0, line_text: '' }
    await tell(context, id, 'runtime_error', { sim_id: id, ...error })
  }

  async function tellStopped({ startedAt }: Job, id: number): Promise<void> {
    await tell(context, id, 'lifecycle', lifecycle(null, 'stopped', 'stopped'))
    if (startedAt === null) await tell(context, id, 'status', status('stopped', { realTime: 0, simulationTime: 0 }))
  }

  function read(jobId: string): Promise<Job> {
    return context.executor.getJob({ id: jobId }, asAdmin)
  }
}

type Status = { readonly state: NrpState }

interface DataPack {
  readonly name: string
  readonly type: string
}

function lastWord(topic: string): string {
  return topic.slice(topic.lastIndexOf('.') + 1)
}
