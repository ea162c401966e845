import type { Host } from '../host.ts'

/** A running service without a mesh: keeps what it was given. */
export interface TestHost extends Host {
  readonly checks: Map<string, () => true | string | Promise<true | string>>
  readonly warnings: string[]
  stop(): Promise<void>
}

export function createHost(): TestHost {
  const releasers: (() => Promise<void> | void)[] = []
  const stopping = new AbortController()
  const checks: TestHost['checks'] = new Map()
  const warnings: string[] = []
  return {
    checks,
    warnings,
    log: { info: () => {}, warn: (_fields, message) => void warnings.push(message) },
    signal: stopping.signal,
    check: (name, probe) => void checks.set(name, probe),
    release: (_name, releaser) => void releasers.push(releaser),
    async stop() {
      stopping.abort()
      for (const release of releasers.splice(0).toReversed()) await release()
    },
  }
}
