import { WarrenError, type ProcessDescription } from '@warren/contracts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import { disciplineOf, type Discipline } from './discipline.ts'

type Asked = Pick<Context, 'descriptions' | 'executor' | 'registry'>
export type Options = Readonly<Record<string, unknown>>

/** The names of all processes that fit, in their order. */
export async function listDisciplines(c: RequestContext, { registry }: Pick<Context, 'registry'>): Promise<string[]> {
  const names: string[] = []
  for (let after: string | null | undefined; after !== null;) {
    const page = await registry.describeProcesses({ ...(after && { after }) }, callOptions(c))
    names.push(...page.processes.filter(disciplineOf).map(({ id }) => id))
    after = page.next
  }
  return names
}

/**
 * A discipline as these options make it.
 *
 * @throws WarrenError NO_SUCH_PROCESS, with the sentence that the client prints; UNAVAILABLE; or what the options are
 *   refused with
 */
export async function findDiscipline(
  c: RequestContext,
  context: Asked,
  name: string,
  options: Options = {},
): Promise<Discipline> {
  const plain = await describe(context, name)
  if (plain === undefined) throw await notAvailable(c, context, name)
  const own = ownOptions(plain.process, options)
  if (!plain.process.parametric || Object.keys(own).length === 0) return plain
  const process = await context.executor.describeProcess({ processId: name, options: own }, callOptions(c))
  const discipline = disciplineOf(process)
  if (discipline) return discipline
  throw new WarrenError('BAD_INPUT', `With these options ${name} has variables that this interface cannot express`)
}

/** Without the name of the object, which every constructor takes. @throws WarrenError BAD_INPUT of an unknown one */
function ownOptions({ id, inputs }: ProcessDescription, options: Options): Options {
  const isOption = (name: string): boolean => inputs[name]?.option === true
  const own = Object.entries(options).filter(([name]) => name !== 'name' || isOption(name))
  const unknown = own.find(([name]) => !isOption(name))
  if (unknown) throw new WarrenError('BAD_INPUT', `${id} has no option "${unknown[0]}"`)
  return Object.fromEntries(own)
}

async function describe({ descriptions }: Asked, name: string): Promise<Discipline | undefined> {
  const process = await descriptions.find(name).catch((error: unknown) => {
    if (error instanceof WarrenError && error.code === 'NO_SUCH_PROCESS') return null
    throw error
  })
  if (process === undefined) throw new WarrenError('UNAVAILABLE', 'The registry cannot be asked now')
  return process ? disciplineOf(process) : undefined
}

async function notAvailable(c: RequestContext, context: Asked, name: string): Promise<WarrenError> {
  const names = await listDisciplines(c, context)
  const sentence = `The class ${name} is not available; the available ones are: ${names.join(', ')}.`
  return new WarrenError('NO_SUCH_PROCESS', sentence)
}
