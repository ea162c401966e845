/** A JSON Schema 2020-12 as plain data. `default` makes an input optional; see docs/runner-protocol.md for `warren:nonFinite`. */
export type JsonSchema = { readonly [keyword: string]: unknown }

export interface InputDeclaration {
  readonly title?: string
  readonly description?: string
  readonly schema: JsonSchema
  /** 0 = optional; 1 unless told. An input with `schema.default` is optional in any case. */
  readonly minOccurs?: number
  /** More than 1 (or `unbounded`) hands the process an array of values. */
  readonly maxOccurs?: number | 'unbounded'
  /** It sets the process up, as an argument of a constructor would; else an input like any other */
  readonly option?: boolean
}

export interface OutputDeclaration {
  readonly title?: string
  readonly description?: string
  readonly schema: JsonSchema
}

export type JobControl = 'sync-execute' | 'async-execute' | 'dismiss'

/** What a run may use. Absent members mean the executor's own limits, which also bound these. */
export interface Limits {
  /** After so long the run is asked to end, as by a cancel; what it still returns counts */
  readonly softTimeoutMs?: number
  /** Resident memory of the whole process group */
  readonly memoryBytes?: number
  readonly outputBytes?: number
  /** What is printed beyond it is cut, and the log says so */
  readonly logBytes?: number
  /** Longest time without log line, progress, metric or checkpoint */
  readonly silenceMs?: number
}

/** When a failed attempt is followed by another one. */
export interface RetryPolicy {
  /** Tries in all */
  readonly attempts: number
  /** Before the second try; 1 s unless told */
  readonly backoffMs?: number
  /** By which each wait is longer; 2 unless told */
  readonly factor?: number
  /** Codes that are worth another try; PROCESS_CRASHED unless told */
  readonly on?: readonly string[]
}

/** Which derivatives the author gives. `complexStep`: the code computes with complex numbers, too */
export interface NativeDerivatives {
  readonly jacobian?: 'native'
  readonly jvp?: 'native'
  readonly vjp?: 'native'
  readonly hvp?: 'native'
  readonly complexStep?: 'native'
}

/** What a process says about itself: the answer to `describe`, and what the registry keeps. */
export interface ProcessDeclaration {
  /** Matches [A-Za-z][A-Za-z0-9_-]{0,62} */
  readonly id: string
  /** Semantic version; a version is immutable once published */
  readonly version: string
  readonly title: string
  readonly description: string
  readonly keywords?: readonly string[]
  readonly inputs: { readonly [name: string]: InputDeclaration }
  readonly outputs: { readonly [name: string]: OutputDeclaration }
  /** Inputs and outputs follow from the options; these are those of the default options */
  readonly parametric?: boolean
  /** All three unless told */
  readonly jobControlOptions?: readonly JobControl[]
  /** Same inputs, same outputs: results may be remembered */
  readonly deterministic?: boolean
  /** Most runs of this process at a time on one executor */
  readonly concurrency?: number
  readonly timeoutMs?: number
  readonly limits?: Limits
  readonly retry?: RetryPolicy
  /** It uses `context.checkpoint` and `context.restored` */
  readonly checkpointable?: boolean
  /** It awaits `context.pausePoint()`, where it rests when it shall be paused */
  readonly yields?: boolean
  /** What a run leaves in its working directory is stored, also when it fails or is stopped */
  readonly keepFiles?: boolean
  readonly derivatives?: NativeDerivatives
}
