import type { Context } from './context.ts'
import type { JsonSchema, NativeDerivatives, ProcessDeclaration } from './declaration.ts'
import type { InputsOf, Value } from './values.ts'
import { RunFailure } from './failure.ts'
import { encodeOutputs, encodeState } from './result.ts'

type Named<T> = { readonly [name: string]: T }

/** A number, or numbers in any nesting; how they are nested does not count, their order does: row by row. */
export type Numbers = number | readonly Numbers[]

/** Which outputs are to be derived with respect to which inputs. What is given beyond that is not used. */
export interface Wanted {
  readonly of: readonly string[]
  readonly wrt: readonly string[]
}

/** A direction: one flat vector for each input. */
interface Along {
  readonly along: Named<readonly number[]>
}

/** Sensitivities: one flat vector for each output. */
interface Sens {
  readonly sens: Named<readonly number[]>
}

/** Takes part in arithmetic of the author's choice, such as that of complex.js. */
export interface Complex {
  readonly re: number
  readonly im: number
}

type ComplexValue<S> = S extends { readonly type: 'number' }
  ? Complex
  : S extends { readonly type: 'array'; readonly items: infer I }
    ? ComplexValue<I>[]
    : Value<S>

/** The inputs of a process with complex numbers for those of type `number`; integers and options stay what they are. */
export type ComplexInputsOf<I> = {
  [K in keyof InputsOf<I>]: K extends keyof I
    ? I[K] extends { readonly option: true }
      ? InputsOf<I>[K]
      : I[K] extends { readonly schema: infer S }
        ? ComplexValue<S>
        : never
    : never
}

/**
 * Derivatives that the author gives, each at the inputs of a run. What a process has here it declares: clients need not
 * know how a derivative comes about, and get the others by differences.
 */
export interface Derivatives<Inputs, ComplexInputs> {
  /** Output → input → derivatives, rows for the components of the output, columns for those of the input. */
  jacobian?(inputs: Inputs, wanted: Wanted, context: Context): Promised<Named<Named<Numbers>>>
  /** Output → the Jacobian times `along` */
  jvp?(inputs: Inputs, wanted: Wanted & Along, context: Context): Promised<Named<Numbers>>
  /** Input → `sens` times the Jacobian: the gradient of a scalar, if `sens` is 1 */
  vjp?(inputs: Inputs, wanted: Wanted & Sens, context: Context): Promised<Named<Numbers>>
  /** Input → the derivative of the `vjp` along `along` */
  hvp?(inputs: Inputs, wanted: Wanted & Along & Sens, context: Context): Promised<Named<Numbers>>
  /** The same as `run` with complex numbers, for a complex step: no absolute values, comparisons or conjugates */
  complex?(inputs: ComplexInputs, context: Context): Promised<object>
}

type Promised<T> = T | Promise<T>

/** What a `run` message asks for beside the outputs; see docs/runner-protocol.md */
export interface Ask extends Wanted, Partial<Along>, Partial<Sens> {
  readonly kind: (typeof kinds)[number]
  readonly mode: 'native' | 'complex_step'
  readonly step?: number
}

interface Derived extends Derivatives<never, never> {
  run(inputs: never, context: Context): unknown
}

const kinds = ['jacobian', 'jvp', 'vjp', 'hvp'] as const

/** What a process declares of its derivatives; undefined if it has none. */
export function nativeOf(process: Derived): NativeDerivatives | undefined {
  const native: { -readonly [K in keyof NativeDerivatives]: 'native' } = {}
  for (const kind of kinds) if (process[kind]) native[kind] = 'native'
  if (process.complex) native.complexStep = 'native'
  return Object.keys(native).length > 0 ? native : undefined
}

/** Runs the process and derives it. Returns the outputs as JSON text, with one member more that the kind names. */
export async function derive(
  process: Derived,
  ask: Ask,
  inputs: object,
  context: Context,
  declared: ProcessDeclaration,
): Promise<string> {
  const { outputs, derivative } =
    ask.mode === 'complex_step'
      ? await byComplexStep(process, ask, inputs as Named<unknown>, context, declared)
      : await byAuthor(process, ask, inputs, context)
  const text = encodeOutputs(outputs, declared.outputs)
  return `${text.slice(0, -1)},"${ask.kind}":${encodeState(derivative, ask.kind)}}`
}

async function byAuthor(process: Derived, ask: Ask, inputs: object, context: Context) {
  const derivativeOf = process[ask.kind] as ((...given: unknown[]) => unknown) | undefined
  if (!derivativeOf) throw notGiven(ask.kind)
  const outputs = await process.run(inputs as never, context)
  return { outputs, derivative: await derivativeOf.call(process, inputs, ask, context) }
}

async function byComplexStep(
  process: Derived,
  { of, along = {}, step = 1e-20 }: Ask,
  inputs: Named<unknown>,
  context: Context,
  declared: ProcessDeclaration,
) {
  if (!process.complex) throw notGiven('complex')
  const at: { [name: string]: unknown } = { ...inputs }
  for (const [name, { schema, option }] of Object.entries(declared.inputs)) {
    if (inputs[name] === undefined || option || !isNumeric(schema)) continue
    let index = 0
    at[name] = map(inputs[name], (re) => ({ re, im: step * (along[name]?.[index++] ?? 0) }))
  }
  const found = (await process.complex(at as never, context)) as Named<unknown>
  const outputs: { [name: string]: unknown } = {}
  for (const name in found) outputs[name] = map(found[name], (value) => (isComplex(value) ? value.re : value))
  const derivative = Object.fromEntries(
    of.map((name) => [name, map(found[name], (value) => (isComplex(value) ? value.im / step : 0))]),
  )
  return { outputs, derivative }
}

function map(value: unknown, each: (leaf: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map((item) => map(item, each)) : each(value)
}

function isComplex(value: unknown): value is Complex {
  return typeof value === 'object' && value !== null && 're' in value && 'im' in value
}

function isNumeric({ type, items }: JsonSchema): boolean {
  return type === 'number' || (type === 'array' && typeof items === 'object' && isNumeric(items as JsonSchema))
}

function notGiven(what: string) {
  return new RunFailure({ code: 'BAD_INPUT', message: `the process gives no ${what}` })
}
