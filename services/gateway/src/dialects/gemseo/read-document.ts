import { rawJson, type Job } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import type { Discipline } from './discipline.ts'
import { findDiscipline, type Options } from './find.ts'
import { jobDocument } from './job-document.ts'
import { KEPT } from './run-request.ts'
import { isOutage } from '../wait.ts'

interface Reading {
  readonly options: CallOptions
  /** Where it is known already */
  readonly discipline?: Discipline
}

/** The document of a job, with all that it was given and gave. @throws WarrenError */
export async function readDocument(
  c: RequestContext,
  context: Context,
  job: Job,
  { options, ...known }: Reading,
): Promise<string> {
  const { executor } = context
  const { id } = job
  const [{ body: request }, results] = await Promise.all([
    executor.getRequest({ id }, options),
    job.state === 'successful' ? executor.getResults({ id }, options) : undefined,
  ])
  const discipline = known.discipline ?? (await describe(request))
  const hasFiles = results !== undefined && discipline?.outputs.some(({ kind }) => kind === 'file')
  const { files } = hasFiles ? await executor.listFiles({ id }, options) : { files: [] }
  const userId = c.get('principal').user?.number ?? 0
  return jobDocument({ job, request, results: results?.body, files, discipline, userId })

  /** The process may be gone, or have changed, since the job ran. */
  async function describe(request: string): Promise<Discipline | undefined> {
    const given = rawJson.member(rawJson.member(request, KEPT) ?? '{}', 'discipline_options') ?? 'null'
    const named = (JSON.parse(given) as Options | null) ?? {}
    return findDiscipline(c, context, job.processId, named).catch((error: unknown) => {
      if (isOutage(error)) throw error
      return undefined
    })
  }
}
