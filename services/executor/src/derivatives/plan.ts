import type { DerivativeKind } from '@warren/contracts'
import type { Jacobian } from './jacobian.ts'
import type { Values, Vectors } from './vectors.ts'

/** What the code of a process derives itself. Names and vectors are complete. */
export interface Ask {
  readonly kind: DerivativeKind
  /** `native`: by the author's function for this kind */
  readonly mode: 'native' | 'complex_step'
  readonly of: readonly string[]
  readonly wrt: readonly string[]
  readonly along?: Vectors
  readonly sens?: Vectors
  /** Of a complex step, absolute */
  readonly step?: number
}

/** One more run of the process. */
export interface Probe {
  /** As errors name it, such as `x[3]` */
  readonly name: string
  /** All inputs that can be varied; one that is the very array of `Derivation.at` has the value of the job */
  readonly place: Vectors
  /** What it is asked for in place of the outputs */
  readonly ask?: Ask
}

export interface Probes {
  readonly count: number
  /** Made when its turn comes: there may be many, and they may be large. */
  at(index: number): Probe
}

/** How a derivative comes about: by the run itself, by further runs that do not depend on each other, by arithmetic. */
export interface Plan<D = Jacobian | Vectors> {
  /** What the run itself is asked for, beside the outputs */
  readonly ask?: Ask
  /** @param outputs of the run, with the member that was asked for. @throws WarrenError BAD_INPUT, BAD_RESULT */
  probes(outputs: Values): Probes
  /** @param answers one for each probe. @throws WarrenError BAD_RESULT */
  assemble(outputs: Values, answers: readonly Values[]): D
}

/** The probes of a plan whose run does all itself. */
export function noProbes(): Probes {
  return {
    count: 0,
    at: () => {
      throw new RangeError('there is none')
    },
  }
}
