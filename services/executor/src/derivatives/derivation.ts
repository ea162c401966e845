import {
  componentsOf,
  differentiable,
  type Derive,
  type DerivativeKind,
  type DerivativeMode,
  type NativeDerivatives,
  type Violation,
} from '@warren/contracts'
import type { Grammar } from '../grammar/grammar.ts'
import { objection, refusal, WRONG_LENGTH } from './refusal.ts'
import { flatten, type Values, type Vectors } from './vectors.ts'

/** What is to be derived of one run, complete and checked. */
export interface Derivation {
  readonly kind: DerivativeKind
  readonly mode: DerivativeMode
  readonly of: readonly string[]
  readonly wrt: readonly string[]
  /** Inputs that can be varied, where the run is */
  readonly at: Vectors
  /** The same as they are nested */
  readonly inputs: Values
  /** Empty where the kind does not need it */
  readonly along: Vectors
  /** Likewise */
  readonly sens: Vectors
  readonly step: number | undefined
  readonly native: NativeDerivatives
}

const needsAlong: ReadonlySet<DerivativeKind> = new Set(['jvp', 'hvp'])
const needsSens: ReadonlySet<DerivativeKind> = new Set(['vjp', 'hvp'])

/**
 * Completes what a request wants derived. Unless told, `of` is what `sens` names, else all outputs that are numbers;
 * `wrt` is what `along` names (of a `jvp`), else all inputs that are numbers and have a value.
 *
 * @throws WarrenError BAD_INPUT with everything that does not fit the process or the inputs
 */
export function readDerivation(derive: Derive, grammar: Grammar, inputs: Values): Derivation {
  const { kind = 'jacobian', mode = 'auto' } = derive
  const { along = {} } = needsAlong.has(kind) ? derive : {}
  const { sens = {} } = needsSens.has(kind) ? derive : {}
  const { outputs: declared, derivatives: native = {} } = grammar.description
  const names = differentiable({ inputs: grammar.inputs, outputs: declared })
  const at: Record<string, readonly number[]> = {}
  for (const name of names.inputs) {
    const value = flatten(inputs[name])
    if (value) at[name] = value
  }
  const ofSens = derive.of === undefined && Object.keys(sens).length > 0
  const ofAlong = derive.wrt === undefined && kind === 'jvp' && Object.keys(along).length > 0
  const of = unique(derive.of ?? (ofSens ? Object.keys(sens) : names.outputs))
  const wrt = unique(derive.wrt ?? Object.keys(ofAlong ? along : at))
  const errors: Violation[] = []
  if (grammar.outputNames.has(kind)) fail(['kind'], 'is the name of an output of this process', 'another kind', kind)
  checkNames(ofSens ? 'sens' : 'of', of, declared, names.outputs, 'output')
  if (!ofAlong) checkNames('wrt', wrt, grammar.inputs, Object.keys(at), 'input')
  if (needsAlong.has(kind) && isThere('along')) {
    const known = Object.keys(along)
    checkNames('along', known, grammar.inputs, Object.keys(at), 'input')
    if (kind === 'jvp') checkSame('along', known, wrt)
    for (const name of known) checkLength('along', name, along[name], at[name]?.length)
  }
  if (needsSens.has(kind) && isThere('sens')) {
    checkSame('sens', Object.keys(sens), of)
    for (const name of of) checkLength('sens', name, sens[name], componentsOf(declared[name]?.schema ?? {}))
  }
  if (errors.length > 0) throw refusal(errors)
  return { kind, mode, of, wrt, at, inputs, along, sens, step: derive.step, native }

  function checkNames(
    member: 'of' | 'wrt' | 'along' | 'sens',
    wanted: readonly string[],
    all: Readonly<Record<string, unknown>>,
    fit: readonly string[],
    what: string,
  ): void {
    if (wanted.length === 0) fail([member], `there is no ${what} that is a number`, what, 'nothing')
    wanted.forEach((name, index) => {
      const path = [member, Array.isArray(derive[member]) ? index : name]
      if (fit.includes(name)) return
      if (!Object.hasOwn(all, name)) fail(path, `is no ${what} of this process`, fit, name)
      else if (what === 'input' && names.inputs.includes(name)) fail(path, 'has no value here', 'a value', name)
      else fail(path, 'cannot be derived: it is not made of numbers of the type "number"', fit, name)
    })
  }

  function isThere(member: 'along' | 'sens'): boolean {
    if (Object.keys(derive[member] ?? {}).length > 0) return true
    const what = member === 'along' ? 'input' : 'output'
    fail([member], `is needed for "${kind}"`, `one vector for each ${what}`, 'nothing')
    return false
  }

  function checkSame(member: 'along' | 'sens', given: readonly string[], wanted: readonly string[]): void {
    const whose = member === 'along' ? 'wrt' : 'of'
    for (const name of wanted) {
      if (!given.includes(name)) fail([member, name], `is needed: "${whose}" names it`, 'a vector', 'nothing')
    }
    for (const name of given) {
      if (!wanted.includes(name)) fail([member, name], `is too much: "${whose}" does not name it`, wanted, name)
    }
  }

  function checkLength(
    member: 'along' | 'sens',
    name: string,
    vector: readonly number[] | undefined,
    size: number | undefined,
  ): void {
    if (!vector || size === undefined || vector.length === size) return
    fail([member, name], WRONG_LENGTH, size, vector.length)
  }

  function fail(path: readonly PropertyKey[], message: string, expected: unknown, got: unknown): void {
    errors.push(objection(path, message, expected, got))
  }
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)]
}
