import type { ProcessDescription } from '@warren/contracts'
import { readUntypedJsonObject } from '../../body.ts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'
import { invalidInput, unsupportedFeature } from './error.ts'
import { configure, supportOf, type Feature, type Model, type Vector } from './model.ts'
import { findModel, setUp } from './models.ts'

/** What a client asks of a model. */
export interface Asked {
  readonly process: ProcessDescription
  /** Under the `config` of the request. */
  readonly model: Model
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * Reads what all requests have. Which model is asked comes before all else, and then what it is asked for.
 *
 * @throws UmbridgeError ModelNotFound, UnsupportedFeature, InvalidInput
 */
export async function readAsked(c: RequestContext, context: Context, feature?: Feature): Promise<Asked> {
  const { value: body } = await readUntypedJsonObject(c, context.config.maxBodyBytes)
  const found = await findModel(c, context, body.name)
  if (feature && !supportOf(found)[feature]) throw unsupportedFeature(feature)
  const { config = {} } = body
  if (!isObject(config)) throw invalidInput('config is not an object!')
  const process = await setUp(c, context, found, config)
  return { process, model: configure(process, config), body }
}

/** The inputs of the run that is asked for. @throws UmbridgeError InvalidInput */
export function readInputs({ model, body: { input } }: Asked): Record<string, unknown> {
  if (!Array.isArray(input) || input.length !== model.inputs.length) {
    throw invalidInput('Number of input parameters does not match number of model inputs!')
  }
  const inputs: Record<string, unknown> = { ...model.given }
  for (const [index, { name, size, isNumber }] of model.inputs.entries()) {
    const vector = readVector(`Input parameter ${index}`, input[index], size)
    inputs[name] = isNumber ? vector[0] : vector
  }
  return inputs
}

/** @throws UmbridgeError InvalidInput */
export function readVector(what: string, vector: unknown, size: number): number[] {
  if (!Array.isArray(vector) || !vector.every((value) => typeof value === 'number')) {
    throw invalidInput(`${what} is not a list of numbers!`)
  }
  if (vector.length === size) return vector
  throw invalidInput(`${what} has invalid length! Expected ${size} but got ${vector.length}.`)
}

/** The vector whose index a member such as `inWrt` has. @throws UmbridgeError InvalidInput */
export function readWrt({ body }: Asked, member: string, vectors: readonly Vector[]): Vector {
  const index = body[member]
  const vector = typeof index === 'number' ? vectors[index] : undefined
  if (vector) return vector
  const got = JSON.stringify(index)
  throw invalidInput(`Invalid ${member} index! Expected between 0 and ${vectors.length - 1}, but got ${got}.`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
