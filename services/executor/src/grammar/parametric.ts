import { WarrenError, type ProcessDescription, type Violation } from '@warren/contracts'
import { compileGrammar, type Grammar } from './grammar.ts'
import { unwrap } from './request.ts'
import { compileSchema } from './schema.ts'

type Values = Readonly<Record<string, unknown>>

/**
 * Makes a process of those options what it is.
 *
 * @param options JSON text of an object
 * @throws WarrenError BAD_INPUT with pointers into the options
 */
export type Describe = (options: string) => Promise<ProcessDescription>

/** Grammars that are remembered for each process */
const MOST = 100

/** The grammar of a process, with a way to those that follow from its options if it is parametric. */
export function withOptions(grammar: Grammar, describe: Describe): Grammar {
  if (!grammar.description.parametric) return grammar
  const options = Object.entries(grammar.inputs).filter(([, { option }]) => option)
  const check = compileSchema(
    { type: 'object', properties: Object.fromEntries(options.map(([name, { schema }]) => [name, schema])) },
    '',
  )
  const remembered = new Map<string, Promise<Grammar>>()
  return { ...grammar, forOptions }

  async function forOptions(given: Values, root: string): Promise<Grammar> {
    const text = JSON.stringify(read(given, root))
    const known = remembered.get(text)
    const grammar = known ?? ask(text)
    remembered.delete(text)
    remembered.set(text, grammar) // the least recently used comes first
    for (const oldest of remembered.keys()) if (remembered.size > MOST) remembered.delete(oldest)
    return grammar.catch((error: unknown) => {
      remembered.delete(text)
      throw located(error, root)
    })
  }

  async function ask(text: string): Promise<Grammar> {
    const description = await describe(text)
    try {
      return compileGrammar(description)
    } catch (error) {
      throw new WarrenError('BAD_RESULT', `The grammar has no valid schemas: ${(error as Error).message}`)
    }
  }

  function read(given: Values, root: string): Values {
    const values: Record<string, unknown> = {}
    for (const [name, { schema }] of options) {
      const value = name in given ? unwrap(given[name], schema) : defaultOf(schema)
      if (value !== undefined) values[name] = value
    }
    const errors = check(values)
    if (errors.length > 0) throw located(wrong(errors), root)
    return values
  }
}

/** What is wrong with the options, said of the request that they came in. */
function located(error: unknown, root: string): unknown {
  if (!(error instanceof WarrenError) || error.code !== 'BAD_INPUT') return error
  return wrong((error.details.errors ?? []).map((each) => ({ ...each, pointer: `${root}${each.pointer}` })))
}

function wrong(errors: readonly Violation[]): WarrenError {
  return new WarrenError('BAD_INPUT', `${errors.length} ${errors.length === 1 ? 'problem' : 'problems'} in options`, {
    errors,
  })
}

function defaultOf(schema: unknown): unknown {
  return typeof schema === 'object' && schema !== null && 'default' in schema ? schema.default : undefined
}
