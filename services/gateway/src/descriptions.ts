import { registry as contract, WarrenError, type ProcessDescription } from '@warren/contracts'
import type { Registry } from './context.ts'
import { subjectOf, type Live } from './live.ts'

/** Descriptions of processes, kept for a moment: every run needs to know how its process may be run. */
export interface Descriptions {
  /**
   * The description, from memory where possible; `undefined` when the registry cannot be asked now.
   *
   * @throws WarrenError NO_SUCH_PROCESS
   */
  find(id: string): Promise<ProcessDescription | undefined>
  /** The same, asking the registry. */
  ask(id: string): Promise<ProcessDescription | undefined>
}

interface Entry {
  readonly description: ProcessDescription
  readonly at: number
}

const FRESH_MS = 2_000
const MOST = 1_000
/** A registry that is away must not hold up runs, which do not need it. */
const PATIENCE_MS = 1_000

export function createDescriptions(registry: Registry, live: Live): Descriptions {
  const entries = new Map<string, Entry>()
  const watched = new Set<string>()
  const asking = new Map<string, Promise<ProcessDescription | undefined>>()

  return { find, ask }

  async function find(id: string): Promise<ProcessDescription | undefined> {
    const entry = entries.get(id)
    if (!entry) return ask(id)
    // an old entry serves once more while a new one is fetched: no run waits for the registry
    if (Date.now() - entry.at > FRESH_MS) void ask(id).catch(() => undefined)
    return entry.description
  }

  function ask(id: string): Promise<ProcessDescription | undefined> {
    const asked = asking.get(id) ?? fetch(id).finally(() => asking.delete(id))
    asking.set(id, asked)
    return asked
  }

  async function fetch(id: string): Promise<ProcessDescription | undefined> {
    try {
      const description = await registry.getProcess({ id }, { deadlineMs: PATIENCE_MS })
      watch(id)
      if (entries.size >= MOST) entries.clear()
      entries.set(id, { description, at: Date.now() })
      return description
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error
      if (error.code === 'NO_SUCH_PROCESS' || error.code === 'BAD_INPUT') {
        entries.delete(id)
        throw new WarrenError('NO_SUCH_PROCESS', `There is no process "${id}"`)
      }
      return entries.get(id)?.description
    }
  }

  /** Forgets a description at once when its process changes. */
  function watch(id: string): void {
    if (watched.has(id)) return
    watched.add(id)
    void live
      .watch(subjectOf(contract.events.processPublished, { id }), () => entries.delete(id))
      .catch(() => undefined)
  }
}
