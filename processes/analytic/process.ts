import { BadOption, defineParametricProcess } from '@warren/worker'
import { constants, functions } from './arithmetic.ts'
import { parseExpression, type Expression, type Values } from './expression.ts'

const number = { type: 'number' } as const
const MAX_VARIABLES = 200
const names = '[A-Za-z][A-Za-z0-9_]{0,62}'

export default defineParametricProcess({
  id: 'AnalyticDiscipline',
  version: '1.0.0',
  title: 'Expressions',
  description:
    'Evaluates arithmetic expressions. Their variables are the inputs, numbers that are 0 unless told. The operators are ' +
    `+ - * / and ** or ^, the functions ${[...functions.keys()].join(', ')}, the constants ${[...constants.keys()].join(', ')}.`,
  keywords: ['multidisciplinary', 'expression'],
  inputs: {
    expressions: {
      title: 'Output → expression',
      option: true,
      schema: {
        type: 'object',
        minProperties: 1,
        maxProperties: 50,
        propertyNames: { pattern: `^${names}$`, not: { enum: Object.getOwnPropertyNames(Object.prototype) } },
        additionalProperties: { type: 'string', minLength: 1, maxLength: 1000 },
        default: { y: '2*x**2' },
      },
    },
  },
  deterministic: true,
  limits: { memoryBytes: 2 ** 29 },
  timeoutMs: 30_000,
  grammar({ expressions }) {
    const parsed = [...parseAll(expressions)]
    const variables = new Set(parsed.flatMap(([, { variables }]) => variables))
    if (variables.has('expressions')) throw new BadOption(['expressions'], 'no variable may be called "expressions"')
    if (variables.size > MAX_VARIABLES) throw new BadOption(['expressions'], `more than ${MAX_VARIABLES} variables`)
    return {
      inputs: Object.fromEntries([...variables].map((name) => [name, { schema: { ...number, default: 0 } }])),
      outputs: Object.fromEntries(parsed.map(([name]) => [name, { schema: number }])),
    }
  },
  run({ expressions, ...values }) {
    const parsed = [...parseAll(expressions)]
    return Object.fromEntries(parsed.map(([name, expression]) => [name, expression.evaluate(values as Values)]))
  },
  jacobian({ expressions, ...values }, { of, wrt }) {
    const parsed = parseAll(expressions)
    const row = (output: string): [string, number][] =>
      wrt.map((input) => [input, parsed.get(output)?.derive(input)(values as Values) ?? 0])
    return Object.fromEntries(of.map((output) => [output, Object.fromEntries(row(output))]))
  },
})

let last: { readonly text: string; readonly parsed: ReadonlyMap<string, Expression> } | undefined

/** Runs with the same expressions come one after another. */
function parseAll(expressions: unknown): ReadonlyMap<string, Expression> {
  const text = JSON.stringify(expressions)
  if (last?.text !== text) last = { text, parsed: new Map(Object.entries(expressions as object).map(parseOne)) }
  return last.parsed
}

function parseOne([name, text]: [string, string]): [string, Expression] {
  try {
    return [name, parseExpression(text)]
  } catch (error) {
    throw new BadOption(['expressions', name], (error as Error).message)
  }
}
