/** One question to the platform and what came of it. */
export interface Entry {
  readonly n: number
  /** Epoch ms at which it was asked */
  readonly at: number
  readonly ms: number
  readonly actor: string
  readonly op: 'run' | 'submit' | 'control' | 'dismiss' | 'status' | 'results' | 'attempts'
  /** Text among the inputs of a run; no two runs have the same. */
  readonly token?: string
  readonly key?: string
  readonly jobId?: string
  /** Of a control operation */
  readonly action?: string
  /** HTTP status; undefined: nobody knows what became of it */
  readonly status?: number
  /** Code of a problem */
  readonly code?: string
  /** Finer state of the job, when the answer tells it */
  readonly state?: string
  /** The body of results and attempts, and the first part of any other */
  readonly text?: string
  /** Why there was no answer */
  readonly failure?: string
}

export interface Journal {
  readonly entries: readonly Entry[]
  write(entry: Omit<Entry, 'n'>): Entry
}

export function createJournal(): Journal {
  const entries: Entry[] = []
  return {
    entries,
    write: (entry) => {
      const numbered = { n: entries.length, ...entry }
      entries.push(numbered)
      return numbered
    },
  }
}

/** As a line for people. */
export function line({ n, at, ms, actor, op, action, token, key, jobId, ...answer }: Entry): string {
  const { status, code, state, failure, text } = answer
  const asked = [op, action, token, key && `key=${key}`, jobId].filter(Boolean).join(' ')
  const heard = status === undefined ? `no answer: ${failure}` : [status, code, state, text].filter(Boolean).join(' ')
  return `#${n} ${new Date(at).toISOString().slice(11, 23)} ${actor}: ${asked} → ${heard} (${ms.toFixed(0)} ms)`
}
