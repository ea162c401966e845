import { executor, type JobTold } from '@warren/contracts'
import { emit, type Mesh } from '@warren/mesh'

/** Publishes what runs tell of themselves, at most once: what nobody hears is gone. */
export interface Tellings {
  tell(told: JobTold): void
  /** Sends off what waits of a job: it comes before the end. */
  settle(jobId: string): void
}

/** One message of a job at a time: 20 a second */
const EVERY_MS = 50
/** Names of one job that wait to be told; beyond them new ones are dropped. */
const NAMES_MOST = 64
const NAME_MOST = 64
const DATA_MOST = 65_536

interface Lane {
  /** By name: the newest counts */
  readonly waiting: Map<string, JobTold>
  readonly timer: NodeJS.Timeout
}

export function createTellings(mesh: Mesh): Tellings {
  const lanes = new Map<string, Lane>()
  return { tell, settle }

  function tell(told: JobTold): void {
    const { jobId, name } = told
    if (name === '' || name.length > NAME_MOST) return
    const lane = lanes.get(jobId)
    if (lane) {
      if (lane.waiting.has(name) || lane.waiting.size < NAMES_MOST) lane.waiting.set(name, told)
      return
    }
    lanes.set(jobId, { waiting: new Map(), timer: setInterval(next, EVERY_MS, jobId).unref() })
    publish(told)
  }

  function next(jobId: string): void {
    const [first] = lanes.get(jobId)?.waiting ?? []
    if (!first) return close(jobId)
    lanes.get(jobId)?.waiting.delete(first[0])
    publish(first[1])
  }

  function settle(jobId: string): void {
    const { waiting } = lanes.get(jobId) ?? { waiting: new Map<string, JobTold>() }
    close(jobId)
    for (const told of waiting.values()) publish(told)
  }

  function close(jobId: string): void {
    clearInterval(lanes.get(jobId)?.timer)
    lanes.delete(jobId)
  }

  function publish(told: JobTold): void {
    const bytes = JSON.stringify(told.data)?.length ?? 0
    if (bytes > DATA_MOST) {
      mesh.log.info({ jobId: told.jobId, name: told.name, bytes }, 'what a job told was too long')
      return
    }
    emit(mesh, executor.events.jobTold, told).catch((error: unknown) => {
      mesh.log.debug({ err: error, jobId: told.jobId }, 'what a job told was not published')
    })
  }
}
