type Collect = (options: { type: 'minor' } | { type: 'major'; flavor: 'last-resort' }) => void

/**
 * There with `node --expose-gc` only, as the launcher and the image start services. To set the flag later, or to look for
 * it in a context of `vm`, slows all other code down by a fifth.
 */
const { gc } = globalThis as { readonly gc?: Collect }

/** Collects what was made a moment ago; well under a millisecond. */
export function collectYoung(): void {
  gc?.({ type: 'minor' })
}

/**
 * Gives the system back what loading the code has left behind: V8 keeps 20 MiB of it in a service, and 90 in one with a
 * database, until memory is short. It throws compiled code away too: for services through which bytes go, not for those
 * that write many rows, which do not recover from it.
 */
export function shrinkHeap(): void {
  gc?.({ type: 'major', flavor: 'last-resort' })
}
