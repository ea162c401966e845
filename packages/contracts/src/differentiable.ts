import type { DerivativeKind, NativeDerivatives } from './derivatives.ts'
import type { ProcessDescription } from './process.ts'

/** The names of what a process can be derived by, and of what of it. */
export interface Differentiable {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/**
 * Inputs and outputs that are numbers: `number`, arrays of them, arrays of such arrays. Integers have no derivatives, and
 * options set a process up before it computes.
 */
export function differentiable({ inputs, outputs }: Pick<ProcessDescription, 'inputs' | 'outputs'>): Differentiable {
  return {
    inputs: Object.keys(inputs).filter((name) => isNumeric(inputs[name]?.schema) && inputs[name]?.option !== true),
    outputs: Object.keys(outputs).filter((name) => isNumeric(outputs[name]?.schema)),
  }
}

/** Whether the author's code gives a derivative of this kind: by itself, or because it is a part of what is given. */
export function isNative(kind: DerivativeKind, native: NativeDerivatives = {}): boolean {
  if (native[kind]) return true
  return kind !== 'hvp' && (native.jacobian ?? native.vjp ?? native.jvp) !== undefined
}

/** How many numbers a value of such a schema has: 1 for a number. Undefined where the schema leaves it open. */
export function componentsOf(schema: unknown): number | undefined {
  const { type, items, minItems, maxItems } = schema as ArraySchema
  if (type !== 'array') return 1
  const each = minItems !== undefined && minItems === maxItems ? componentsOf(items) : undefined
  return each === undefined ? undefined : each * (minItems as number)
}

interface ArraySchema {
  readonly type?: unknown
  readonly items?: unknown
  readonly minItems?: number
  readonly maxItems?: number
}

function isNumeric(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const { type, items } = schema as ArraySchema
  return type === 'number' || (type === 'array' && isNumeric(items))
}
