import { headers as wireHeaders, WarrenError } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { readExecuteRequest, type ExecuteBody } from './execute-request.ts'
import { linkHeader } from './links.ts'
import { parsePrefer, planRun, type Plan, type Preferences } from './prefer.ts'
import { requireProcessId } from './processes.ts'
import { shapeResults, type Wish } from './result-shape.ts'
import { jobUrl, statusDocument } from './status-document.ts'
import { waitForEnd } from './wait.ts'

/** What is assumed of a process while the registry cannot be asked. */
const bothModes = ['sync-execute', 'async-execute']

/** OGC API - Processes - Part 1, 7.11: execution. The hot path: one message, one reply, no parse of the results. */
export function executionRoute(app: App, context: Context): void {
  const { config, descriptions } = context

  app.post('/processes/:id/execution', async function handleExecution(c) {
    const id = requireProcessId(c.req.param('id'))
    const request = await readExecuteRequest(c, id, config.maxBodyBytes)
    const preferences = parsePrefer(c.req.header('prefer'))
    const process = await descriptions.find(id)
    const plan = planRun(process?.jobControlOptions ?? bothModes, preferences)
    const run = plan.mode === 'sync' ? runSync : runAsync
    return run(c, context, { id, request, preferences, plan })
  })
}

interface Run {
  readonly id: string
  readonly request: ExecuteBody
  readonly preferences: Preferences
  readonly plan: Plan
}

async function runSync(c: RequestContext, context: Context, run: Run): Promise<Response> {
  const { executor, config } = context
  const reply = await executor
    .execute({ key: run.id, body: run.request.text }, callOptions(c))
    .catch(async (error: unknown) => Promise.reject(await explain(error, run.id, context)))
  const job = jobUrl(String(reply.headers[wireHeaders.jobId]), c.get('base'))
  const link = config.omitMonitorLink ? {} : { Link: linkHeader(job, 'monitor') }
  return shapeResults(reply.body, wishOf(c, context, run, job), { ...link, ...applied(run) })
}

async function runAsync(c: RequestContext, context: Context, run: Run): Promise<Response> {
  const { executor } = context
  const submitted = await executor.submit({ body: run.request.text }, callOptions(c))
  const job = await waitForEnd(context, submitted, run.plan.waitSeconds * 1_000, callOptions(c))
  const href = jobUrl(job.id, c.get('base'))
  // who did not want to wait gets the job, also when it was sent before and is over
  if (run.plan.waitSeconds > 0 && (job.status === 'successful' || job.status === 'failed')) {
    const { body } = await executor.getResults({ id: job.id }, callOptions(c))
    return shapeResults(body, wishOf(c, context, run, href), { Link: linkHeader(href, 'monitor'), ...applied(run) })
  }
  return new Response(JSON.stringify(statusDocument(job, c.get('base'))), {
    status: 201,
    headers: { 'Content-Type': 'application/json', Location: href, ...applied(run) },
  })
}

function wishOf(c: RequestContext, context: Context, { id, request, preferences }: Run, job: string): Wish {
  return {
    response: request.response,
    byReference: request.byReference,
    byValue: request.byValue,
    wantsNothing: request.wantsNothing,
    returning: preferences.returning,
    maxInlineBytes: context.config.maxInlineBytes,
    accept: c.req.header('accept'),
    href: `${job}/results`,
    describe: () => context.descriptions.find(id),
  }
}

function applied({ plan, preferences }: Run): Record<string, string> {
  const all = [...plan.applied, ...(preferences.returning ? [`return=${preferences.returning}`] : [])]
  return all.length > 0 ? { 'Preference-Applied': all.join(', ') } : {}
}

/** Nobody took the message: is there no such process, or no executor for it now? */
export async function explain(error: unknown, id: string, { descriptions }: Context): Promise<unknown> {
  if (!(error instanceof WarrenError) || error.code !== 'UNROUTABLE') return error
  await descriptions.ask(id)
  return new WarrenError('UNROUTABLE', `No executor offers "${id}" now`, { retryAfter: 1 })
}
