import { executor as contract, violations, WarrenError } from '@warren/contracts'
import { z } from 'zod'
import { readJsonObject } from '../body.ts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { isProcessId } from './processes.ts'
import { requireJobId } from './jobs.ts'
import { jobUrl, statusDocument } from './status-document.ts'

const { controlJob } = contract.operations

/** What is asked of a job. */
export const ControlDocument = controlJob.input.omit({ id: true }).meta({ id: 'Control' })

/** A job to be started later: an execute request that names its process (OGC API - Processes - Part 4, draft). */
export const CreateDocument = z
  .looseObject({
    process: z.string().optional().meta({ description: 'URL or id of the process' }),
    inputs: z.record(z.string(), z.unknown()).optional(),
    outputs: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Create' })

/** Creating, starting and steering of jobs. */
export function controlRoutes(app: App, { executor, config }: Context): void {
  app.post('/jobs', async (c) => {
    const { text, value } = await readJsonObject(c, config.maxBodyBytes)
    const processId = processOf(value['process'] ?? value['processId'])
    const warren = { ...(typeof value['warren'] === 'object' && value['warren']), start: false }
    // added to the text itself: parsing and printing would change numbers; the last member of a name wins
    const body = `${text.slice(0, text.lastIndexOf('}'))},"processId":"${processId}","warren":${JSON.stringify(warren)}}`
    const job = await executor.submit({ body }, callOptions(c))
    return c.json(statusDocument(job, c.get('base')), 201, { Location: jobUrl(job.id, c.get('base')) })
  })

  app.post('/jobs/:id/control', async (c) => {
    const { value } = await readJsonObject(c, config.maxBodyBytes)
    const wish = ControlDocument.strict().safeParse(value)
    if (!wish.success) throw new WarrenError('BAD_INPUT', undefined, { errors: violations(wish.error, value) })
    return control(c, requireJobId(c.req.param('id')), wish.data)
  })

  app.post('/jobs/:id/results', (c) => control(c, requireJobId(c.req.param('id')), { action: 'start' }))

  async function control(c: RequestContext, id: string, wish: z.infer<typeof ControlDocument>): Promise<Response> {
    const { outcome, job } = await executor.controlJob({ id, ...wish }, callOptions(c))
    const document = statusDocument(job, c.get('base'))
    const warren = { ...document.warren, control: outcome }
    return c.json({ ...document, warren }, outcome === 'applied' ? 200 : 202)
  }
}

/** @throws WarrenError BAD_INPUT when there is none, NO_SUCH_PROCESS when it can be none */
function processOf(process: unknown): string {
  if (typeof process !== 'string') {
    throw new WarrenError('BAD_INPUT', 'Which process shall the job run?', {
      errors: [{ pointer: '/process', code: 'required', message: 'must be the URL or the id of a process' }],
    })
  }
  const id = process.replace(/\/+$/, '').split('/').at(-1) ?? ''
  if (isProcessId(id)) return id
  throw new WarrenError('NO_SUCH_PROCESS', `There is no process "${process.slice(0, 100)}"`)
}
