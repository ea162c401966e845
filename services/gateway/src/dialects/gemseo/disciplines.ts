import { rawJson } from '@warren/contracts'
import { readText } from '../../body.ts'
import type { Context } from '../../context.ts'
import type { App, RequestContext } from '../../env.ts'
import type { Discipline } from './discipline.ts'
import { detail, type Invalid } from './errors.ts'
import { findDiscipline, listDisciplines, type Options } from './find.ts'
import { schemaOf } from './grammar.ts'
import { slashed } from './paths.ts'
import { presented } from './presented.ts'

/** What can be run, and with what: `/v1/discipline`. */
export function disciplineRoutes(v1: App, context: Context): void {
  v1.on('GET', slashed('/discipline'), async (c) => c.json(await listDisciplines(c, context)))

  tell('input_names', ({ inputs }) => Response.json(inputs.map(({ name }) => name)))
  tell('output_names', ({ outputs }) => Response.json(outputs.map(({ name }) => name)))
  tell('inputs_schema', ({ inputs }) => Response.json(schemaOf(inputs)))
  tell('outputs_schema', ({ outputs }) => Response.json(schemaOf(outputs)))
  tell('default_input_data', ({ inputs }) => {
    const defaults = inputs.flatMap((variable): [string, string][] => {
      return variable.default === undefined
        ? []
        : [[variable.name, presented(variable, JSON.stringify(variable.default))]]
    })
    return new Response(rawJson.object(defaults), { headers: { 'Content-Type': 'application/json' } })
  })

  function tell(what: string, answer: (discipline: Discipline) => Response): void {
    v1.on('POST', slashed(`/discipline/:name/${what}`), async (c) => {
      const { options, invalid } = readOptions(await readText(c, context.config.maxBodyBytes))
      if (invalid) return detail(422, [invalid])
      return answer(await findDiscipline(c, context, nameIn(c), options))
    })
  }
}

function nameIn(c: RequestContext): string {
  return c.req.param('name') ?? ''
}

/** `{"discipline_options": {…}}`, of which everything may be left out. */
function readOptions(text: string): { readonly options?: Options; readonly invalid?: Invalid } {
  if (text.trim() === '') return {}
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { invalid: { type: 'json_invalid', loc: ['body'], msg: 'JSON decode error', input: {} } }
  }
  const options: unknown = isObject(body) ? (body['discipline_options'] ?? {}) : body
  if (isObject(options)) return { options }
  const loc = ['body', 'discipline_options']
  return { invalid: { type: 'dict_type', loc, msg: 'Input should be a valid dictionary', input: options } }
}

function isObject(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
