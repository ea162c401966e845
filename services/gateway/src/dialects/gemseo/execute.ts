import { isFinal, WarrenError, type Job } from '@warren/contracts'
import { orderedId } from '@warren/mesh'
import { readText } from '../../body.ts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { App, RequestContext } from '../../env.ts'
import { publicError } from '../../problem.ts'
import type { Discipline } from './discipline.ts'
import { detail, type Invalid } from './errors.ts'
import { invalidOf, readExecuteInput, type ReadInput } from './execute-input.ts'
import { findDiscipline } from './find.ts'
import { jobDocument, unknownJob } from './job-document.ts'
import { slashed } from './paths.ts'
import { readDocument } from './read-document.ts'
import { runRequestOf } from './run-request.ts'
import { slowAnswer } from './slow-answer.ts'
import { awaitEnd, persist } from '../wait.ts'

/** The answer has to begin before the client gives up, after 5 s. */
const ACCEPT_MS = 4_000

/** `POST /v1/discipline/{name}/execute`: 202 with the job, or 200 with its end, which may be a failure. */
export function executeRoute(v1: App, context: Context): void {
  v1.on('POST', slashed('/discipline/:name/execute'), async (c) => {
    const mode = c.req.query('execution_mode') ?? 'synchronous'
    if (mode !== 'synchronous' && mode !== 'asynchronous') return detail(422, [badMode(mode)])
    const input = readExecuteInput(await readText(c, context.config.maxBodyBytes))
    if (isInvalid(input)) return detail(422, input)
    try {
      const discipline = await findDiscipline(c, context, c.req.param('name') ?? '', input.discipline_options ?? {})
      const request = runRequestOf(discipline, input)
      if (typeof request !== 'string') return detail(422, request)
      return await (mode === 'synchronous' ? runAndWait : accept)(c, context, { discipline, request })
    } catch (error) {
      if (error instanceof WarrenError && error.code === 'BAD_INPUT') return detail(422, invalidOf(error))
      throw error
    }
  })
}

interface Run {
  readonly discipline: Discipline
  /** JSON text */
  readonly request: string
}

async function accept(c: RequestContext, context: Context, { discipline, request }: Run): Promise<Response> {
  const options = { ...callOptions(c), messageId: orderedId(), deadline: Date.now() + ACCEPT_MS }
  const job = await persist(AbortSignal.timeout(ACCEPT_MS), () => context.executor.submit({ body: request }, options))
  const userId = c.get('principal').user?.number ?? 0
  const document = jobDocument({ job, request, results: undefined, files: [], discipline, userId })
  return new Response(document, { status: 202, headers: { 'Content-Type': 'application/json' } })
}

/** A run of any length is a job that is waited for; a client that goes away stops it. */
function runAndWait(c: RequestContext, context: Context, { discipline, request }: Run): Promise<Response> {
  const { executor } = context
  const { signal, ...options } = callOptions(c)
  return slowAnswer(run(), (error) => unknownJob(0, 'failed', publicError(error, c.get('requestId')).message))

  async function run(): Promise<string> {
    const once = { ...options, messageId: orderedId() }
    const accepted = await persist(signal, () => executor.submit({ body: request }, once))
    const job = await awaitEnd(context, accepted, { ...options, ...(signal && { signal }) })
    if (!isFinal(job.state)) {
      await stop(accepted)
      throw new WarrenError('CANCELLED')
    }
    return persist(signal, () => readDocument(c, context, job, { options, discipline }))
  }

  async function stop({ id }: Job): Promise<void> {
    await executor.controlJob({ id, action: 'stop', reason: 'The client went away' }, options).catch(() => undefined)
  }
}

function isInvalid(input: ReadInput | readonly Invalid[]): input is readonly Invalid[] {
  return Array.isArray(input)
}

function badMode(input: string): Invalid {
  const msg = "Input should be 'synchronous' or 'asynchronous'"
  return { type: 'enum', loc: ['query', 'execution_mode'], msg, input }
}
