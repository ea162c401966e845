import type { Context } from './context.ts'
import type { InputDeclaration, OutputDeclaration, ProcessDeclaration } from './declaration.ts'
import type { Process } from './define.ts'
import type { InputsOf } from './values.ts'
import type { Derivatives } from './derive.ts'
import { RunFailure } from './failure.ts'

type Named<T> = { readonly [name: string]: T }
type Values = { readonly [name: string]: unknown }

/** What a process takes, beside its options, and gives. */
export interface Grammar {
  readonly inputs: Named<InputDeclaration>
  readonly outputs: Named<OutputDeclaration>
}

/** Thrown by `grammar`: the options fit their schemas and are wrong all the same; `path` says where. */
export class BadOption extends Error {
  override readonly name = 'BadOption'
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[], message: string) {
    super(message)
    this.path = path
  }
}

/** A process with its code, whose inputs and outputs follow from its options. */
export interface ParametricProcess extends Process {
  grammar(options: never): Grammar
}

/** The declaration that holds with some options. It is kept: runs with the same options come one after another. */
export type DeclarationOf = (inputs: Values) => ProcessDeclaration

/**
 * Declares a process whose grammar follows from its options: `inputs` are these, each with a default, and what is there
 * in any case; `grammar` gives the rest. What it throws says that the options are wrong.
 */
export function defineParametricProcess<const I extends Named<InputDeclaration>>(
  process: Omit<ProcessDeclaration, 'inputs' | 'outputs' | 'parametric' | 'derivatives'> &
    Derivatives<InputsOf<I> & Values, InputsOf<I> & Values> & {
      readonly inputs: I
      grammar(options: InputsOf<I>): Grammar
      run(inputs: InputsOf<I> & Values, context: Context): Values | Promise<Values>
    },
): ParametricProcess {
  return { ...process, outputs: {} }
}

export function isParametric(process: Process): process is ParametricProcess {
  return 'grammar' in process && typeof process.grammar === 'function'
}

/** How the declaration of a parametric process follows from the options among the inputs of a run. */
export function declarationOf(process: ParametricProcess): DeclarationOf {
  const { grammar, run: _, ...declared } = process
  const options = Object.entries(declared.inputs).filter(([, { option }]) => option)
  const compute = grammar as (options: Values) => Grammar
  let last: { readonly text: string; readonly declaration: ProcessDeclaration } | undefined
  return (inputs) => {
    const given = Object.fromEntries(options.map(([name, { schema }]) => [name, inputs[name] ?? schema['default']]))
    const text = JSON.stringify(given)
    if (last?.text === text) return last.declaration
    const { inputs: more, outputs } = compute(given)
    const twice = Object.keys(more).find((name) => Object.hasOwn(declared.inputs, name))
    if (twice !== undefined)
      throw new RunFailure({ code: 'PROCESS_FAILED', message: `the input ${twice} is an option` })
    const declaration = { ...declared, parametric: true, inputs: { ...declared.inputs, ...more }, outputs }
    last = { text, declaration }
    return declaration
  }
}

/** The answer to a `describe` with options. */
export function describeWith(declarationOf: DeclarationOf, options: Values): object {
  try {
    return { type: 'described', processes: [declarationOf(options)] }
  } catch (error) {
    const path = error instanceof BadOption ? error.path : []
    const message = error instanceof Error ? error.message : String(error)
    return { type: 'described', processes: [], error: { path, message } }
  }
}
