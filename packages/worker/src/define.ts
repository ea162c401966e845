import type { Context } from './context.ts'
import type { InputDeclaration, OutputDeclaration, ProcessDeclaration } from './declaration.ts'
import type { ComplexInputsOf, Derivatives } from './derive.ts'
import type { InputsOf, OutputsOf } from './values.ts'

type Named<T> = { readonly [name: string]: T }

/** A process with its code. `run` is called for one run at a time in its child. */
export interface Process extends ProcessDeclaration, Derivatives<never, never> {
  run(inputs: never, context: Context): unknown
}

/** Declares a process; the types of `run` follow from the schemas. */
export function defineProcess<const I extends Named<InputDeclaration>, const O extends Named<OutputDeclaration>>(
  process: Omit<ProcessDeclaration, 'inputs' | 'outputs' | 'derivatives'> &
    Derivatives<InputsOf<I>, ComplexInputsOf<I>> & {
      readonly inputs: I
      readonly outputs: O
      run(inputs: InputsOf<I>, context: Context): OutputsOf<O> | Promise<OutputsOf<O>>
    },
): Process {
  return process
}

/** Several processes of one folder: they share their children, and are called one by one. */
export function defineProcesses(processes: readonly Process[]): readonly Process[] {
  return processes
}
