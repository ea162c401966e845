import { ExecuteRequest, pointer, rawJson, WarrenError, type Derive, type Violation } from '@warren/contracts'
import { planDerivation } from '../derivatives/planning.ts'
import type { Attached } from '../staging/attach.ts'
import type { Grammar } from './grammar.ts'

/** An execute request that was read: its text is kept, because numbers must come through as they were written. */
export interface ReadRequest {
  readonly text: string
  readonly processId: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** Names of the outputs that are wanted; all when absent. */
  readonly outputs?: readonly string[]
  readonly timeoutMs?: number
  readonly priority?: number
  /** false: the job is created, and somebody starts it later */
  readonly start?: boolean
  /** What to derive beside the outputs */
  readonly derive?: Derive
  /** What the run leaves in its working directory is stored. */
  readonly keepFiles: boolean
  /** The job gets the next number of it. */
  readonly series?: string
  /** Files that the run finds in its working directory. */
  readonly files: readonly Attached[]
  /** It names who is told about it. */
  readonly notify: boolean
}

/** @throws WarrenError BAD_INPUT */
export function readRequest(text: string, key?: string): ReadRequest {
  const body = parse(text)
  if (isObject(body) && key !== undefined) body['processId'] ??= key
  const parsed = ExecuteRequest.safeParse(body)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, code, message }) => ({
      pointer: pointer(path),
      code,
      message,
    }))
    throw new WarrenError('BAD_INPUT', 'The body is no execute request', { errors })
  }
  const { processId, inputs = {}, outputs, warren, subscriber } = parsed.data
  return {
    text,
    processId,
    inputs,
    ...(outputs && { outputs: Object.keys(outputs) }),
    ...(warren?.timeoutMs !== undefined && { timeoutMs: warren.timeoutMs }),
    ...(warren?.priority !== undefined && { priority: warren.priority }),
    ...(warren?.start !== undefined && { start: warren.start }),
    ...(warren?.derive && { derive: warren.derive }),
    ...(warren?.series !== undefined && { series: warren.series }),
    keepFiles: warren?.keepFiles === true,
    files: warren?.files ?? [],
    notify: subscriber !== undefined,
  }
}

/**
 * The inputs as the runner gets them: checked, unwrapped, with defaults. Unless something had to be changed they are
 * the text that the client wrote.
 *
 * @returns JSON text of an object, on one line
 * @throws WarrenError BAD_INPUT with everything that is wrong, or NO_SUCH_OUTPUT
 */
export function prepareInputs(request: ReadRequest, grammar: Grammar): string {
  const unknown = request.outputs?.filter((name) => !grammar.outputNames.has(name)) ?? []
  if (unknown.length > 0) {
    throw new WarrenError('NO_SUCH_OUTPUT', `There is no output "${unknown.join('", "')}"`, {
      errors: unknown.map((name) => ({
        pointer: `/outputs/${name}`,
        code: 'enum',
        message: 'is no output of this process',
        expected: [...grammar.outputNames],
        got: name,
      })),
    })
  }
  const prepared: Record<string, unknown> = {}
  let changed = false
  for (const [name, value] of Object.entries(request.inputs)) {
    prepared[name] = unwrap(value, grammar.inputs[name]?.schema)
    if (prepared[name] !== value) changed = true
  }
  for (const [name, { schema }] of Object.entries(grammar.inputs)) {
    if (name in prepared || typeof schema !== 'object' || !('default' in schema)) continue
    prepared[name] = schema['default']
    changed = true
  }
  const errors: Violation[] = grammar.checkInputs(prepared)
  if (errors.length > 0) {
    throw new WarrenError('BAD_INPUT', `${errors.length} ${errors.length === 1 ? 'problem' : 'problems'} in inputs`, {
      errors,
    })
  }
  if (request.derive) planDerivation(request.derive, grammar, prepared) // for its errors
  const text = changed ? JSON.stringify(prepared) : (rawJson.member(request.text, 'inputs') ?? '{}')
  // a line break in JSON text is white space: inside a string it would be escaped
  return text.includes('\n') || text.includes('\r') ? text.replaceAll(/[\r\n]/g, ' ') : text
}

const qualifiers = new Set(['value', 'mediaType', 'encoding', 'schema', 'format'])

/** OGC API - Processes, `qualifiedInputValue.yaml`: objects come as `{ "value": {…} }`, other values may. */
export function unwrap(value: unknown, schema: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => unwrap(item, undefined))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  if (!isObject(value) || !('value' in value)) return value
  if (isObject(schema) && isObject(schema['properties']) && 'value' in schema['properties']) return value
  return Object.keys(value).every((name) => qualifiers.has(name)) ? value['value'] : value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new WarrenError('BAD_INPUT', `The body is not JSON: ${(error as Error).message}`)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
