import { WarrenError } from '@warren/contracts'
import { readJsonObject, type JsonBody } from '../body.ts'
import type { RequestContext } from '../env.ts'

/** How the results are wanted, in the words of the request. */
export interface RequestedShape {
  /** 1.0: explicit `response` member. */
  readonly response: 'raw' | 'document' | undefined
  /** Outputs with `transmissionMode: reference` (1.0). */
  readonly byReference: ReadonlySet<string>
  /** Outputs with `transmissionMode: value` (1.0). */
  readonly byValue: ReadonlySet<string>
  /** `outputs: {}`, and nothing derived: run it, and send nothing (2.0). */
  readonly wantsNothing: boolean
}

/** What the gateway reads of an execute request; the rest is between the client and the executor. */
export interface ExecuteBody extends RequestedShape {
  /** As the client sent it, with `processId` as its last member. */
  readonly text: string
}

/**
 * Reads the body of an execution (`execute.yaml`). Inputs are the executor's matter, which knows the grammar.
 *
 * @throws WarrenError BAD_INPUT, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE
 */
export async function readExecuteRequest(c: RequestContext, processId: string, maxBytes: number): Promise<ExecuteBody> {
  const body = await readJsonObject(c, maxBytes)
  const { inputs, outputs, response, warren, processId: named } = body.value
  if (inputs !== undefined && !isObject(inputs)) throw badMember('inputs', 'an object')
  if (outputs !== undefined && !isObject(outputs)) throw badMember('outputs', 'an object')
  if (response !== undefined && response !== 'raw' && response !== 'document') {
    throw badMember('response', '"raw" or "document"')
  }
  if (named !== undefined && named !== processId) throw badMember('processId', `"${processId}", as in the path`)
  return {
    text: named === undefined ? withProcessId(body, processId) : body.text,
    ...shapeOf({ response, outputs, warren }),
  }
}

/** The shape that a request which was stored with its job asks for. */
export function storedShape(requested: unknown): RequestedShape {
  return shapeOf(typeof requested === 'string' ? (JSON.parse(requested) as Parameters<typeof shapeOf>[0]) : {})
}

function shapeOf({
  response,
  outputs,
  warren,
}: {
  response?: 'raw' | 'document' | undefined | null
  outputs?: Readonly<Record<string, unknown>> | undefined | null
  warren?: unknown
}): RequestedShape {
  return {
    response: response ?? undefined,
    byReference: transmitted(outputs ?? undefined, 'reference'),
    byValue: transmitted(outputs ?? undefined, 'value'),
    wantsNothing: isObject(outputs) && Object.keys(outputs).length === 0 && !(isObject(warren) && warren['derive']),
  }
}

/** Added to the text itself: parsing and printing would change numbers. The last member of a name wins. */
function withProcessId({ text, value }: JsonBody, processId: string): string {
  const comma = Object.keys(value).length > 0 ? ',' : ''
  return `${text.slice(0, text.lastIndexOf('}'))}${comma}"processId":"${processId}"}`
}

const noNames: ReadonlySet<string> = new Set()

function transmitted(
  outputs: Readonly<Record<string, unknown>> | undefined,
  mode: 'reference' | 'value',
): ReadonlySet<string> {
  if (outputs === undefined) return noNames
  const entries = Object.entries(outputs).filter(([, wish]) => isObject(wish) && wish.transmissionMode === mode)
  return entries.length > 0 ? new Set(entries.map(([name]) => name)) : noNames
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function badMember(name: string, expected: string): WarrenError {
  return new WarrenError('BAD_INPUT', `"${name}" must be ${expected}`, {
    errors: [{ pointer: `/${name}`, code: 'type', message: `must be ${expected}`, expected }],
  })
}
