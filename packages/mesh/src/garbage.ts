import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'minor' } | { type: 'major'; flavor: 'last-resort' }) => void

let collect: Collect | undefined

/** Collects what was made a moment ago; well under a millisecond. */
export function collectYoung(): void {
  collector()({ type: 'minor' })
}

/**
 * Gives the system back what loading the code has left behind: V8 keeps 90 MiB of it in a service with a database, until
 * memory is short. Some 30 ms.
 */
export function shrinkHeap(): void {
  collector()({ type: 'major', flavor: 'last-resort' })
}

/** n.b. the flag counts for contexts that are made after it was set */
function collector(): Collect {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as Collect
  }
  return collect
}
