import { WarrenError, type ProcessDescription } from '@warren/contracts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import { invalidInput, modelNotFound } from './error.ts'
import { isModel } from './model.ts'

/** The model of this name, if the base that was asked has it. @throws UmbridgeError ModelNotFound */
export async function findModel(c: RequestContext, context: Context, name: unknown): Promise<ProcessDescription> {
  const only = c.req.param('process')
  const process = typeof name === 'string' && name === (only ?? name) ? await describe(context, name) : undefined
  if (process && isModel(process)) return process
  throw modelNotFound(name, await listModels(c, context, only))
}

/**
 * The model as the options of a configuration make it.
 *
 * @throws UmbridgeError InvalidInput; or WarrenError, with which the options are refused
 */
export async function setUp(
  c: RequestContext,
  { executor }: Context,
  process: ProcessDescription,
  config: Readonly<Record<string, unknown>>,
): Promise<ProcessDescription> {
  const options = Object.entries(config).filter(([name]) => process.inputs[name]?.option)
  if (!process.parametric || options.length === 0) return process
  const call = { processId: process.id, options: Object.fromEntries(options) }
  const own = await executor.describeProcess(call, callOptions(c))
  if (isModel(own)) return own
  throw invalidInput(`With this config ${process.id} has inputs or outputs that are no vectors!`)
}

/** The names of the models of a base: one where it is that of a process, else all. */
export async function listModels(c: RequestContext, context: Context, only: string | undefined): Promise<string[]> {
  const processes = only === undefined ? await describeAll(c, context) : [await describe(context, only)]
  return processes.flatMap((process) => (process && isModel(process) ? process.id : []))
}

async function describeAll(c: RequestContext, { registry }: Context): Promise<ProcessDescription[]> {
  const all: ProcessDescription[] = []
  for (let after: string | null | undefined; after !== null;) {
    const page = await registry.describeProcesses({ ...(after && { after }) }, callOptions(c))
    all.push(...page.processes)
    after = page.next
  }
  return all
}

async function describe({ descriptions }: Context, id: string): Promise<ProcessDescription | undefined> {
  try {
    const process = await descriptions.find(id)
    if (process) return process
  } catch (error) {
    if (error instanceof WarrenError && error.code === 'NO_SUCH_PROCESS') return undefined
    throw error
  }
  throw new WarrenError('UNAVAILABLE', 'The registry cannot be asked now')
}
