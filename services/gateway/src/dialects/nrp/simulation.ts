import { ADMIN, WarrenError, type Job } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import { clientError, notAllowed } from './errors.ts'
import { stateOf } from './states.ts'

export const PROCESS = 'nrp-experiment'
/** Simulations have integers for ids: one less than their numbers in this series. */
export const SERIES = 'nrp'
/** Member of an execute request in which what the simulation document repeats is kept. */
export const KEPT = 'nrp'

/** For what the API tells everybody: whether there is such a simulation, and whether one is under way. */
export const asAdmin: CallOptions = { principal: 'gateway', roles: [ADMIN] }

/** What a client says of a new simulation. */
export interface Kept {
  readonly experimentID: string
  readonly experimentConfiguration: string
  readonly mainScript: string
  readonly ctxId: unknown
}

export function simulationId({ number }: Pick<Job, 'number'>): number {
  return (number ?? 0) - 1
}

/** @throws NrpError 404, or 401 when it is somebody else's */
export async function findSimulation(
  c: RequestContext,
  { executor }: Pick<Context, 'executor'>,
  id: string,
): Promise<Job> {
  const unknown = clientError(`There is no simulation ${id}.`, 404)
  if (!/^\d{1,9}$/.test(id)) throw unknown
  const numbered = { series: SERIES, number: Number(id) + 1 }
  const job = await found(executor.findJob(numbered, callOptions(c)))
  if (job) return job
  throw (await found(executor.findJob(numbered, asAdmin))) ? (c.get('refusal') ?? notAllowed()) : unknown
}

/** Undefined of a job that is not there, or not any more. */
export async function found<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (error instanceof WarrenError && error.code === 'NO_SUCH_JOB') return undefined
    throw error
  })
}

/** The simulation document of a job. */
export async function readSimulation(
  c: RequestContext,
  { executor, config }: Pick<Context, 'executor' | 'config'>,
  job: Job,
): Promise<object> {
  const { body } = await executor.getRequest({ id: job.id }, callOptions(c))
  const { [KEPT]: kept } = JSON.parse(body) as { readonly [KEPT]?: Partial<Kept> | null }
  return simulationDocument(job, kept ?? {}, config.nrpMqttPrefix)
}

/** `kept` may be empty: the job was put into the series by other means. */
export function simulationDocument(job: Job, kept: Partial<Kept>, mqttPrefix: string): object {
  return {
    state: stateOf(job),
    simulationID: simulationId(job),
    experimentConfiguration: kept.experimentConfiguration ?? null,
    mainScript: kept.mainScript ?? null,
    owner: job.owner,
    creationDate: inZurich(job.createdAt),
    experimentID: kept.experimentID ?? null,
    ctxId: kept.ctxId ?? null,
    MQTTPrefix: mqttPrefix,
  }
}

const timeZone = 'Europe/Zurich'
const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
const zone = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })

/** ISO 8601 in the zone that the NRP backend uses. */
export function inZurich(iso: string): string {
  const date = new Date(iso)
  const offset = zone
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')
    ?.value.slice(3)
  return `${clock.format(date).replace(' ', 'T')}.${iso.slice(20, 23)}${offset}`
}
