import { pointer, WarrenError } from '@warren/contracts'
import type { ProcessDeclaration } from '@warren/worker'
import { startDescriber, type Describer, type DescribeOptions } from './describe.ts'
import type { Described } from './described.ts'
import { hostEnvironment } from './hosts.ts'
import { objection } from './objection.ts'

export interface DescribersOptions extends Pick<DescribeOptions, 'workRoot' | 'python'> {
  readonly env: { readonly [name: string]: string | undefined }
  readonly timeoutMs?: number
  /** A child that is asked nothing is ended after so long */
  readonly idleMs?: number
}

/** Asks parametric processes what they are with given options. */
export interface Describers {
  /**
   * @param options JSON text of an object
   * @throws WarrenError BAD_INPUT with pointers into the options, PROCESS_FAILED, BAD_RESULT
   */
  describe(described: Described, options: string): Promise<ProcessDeclaration>
  /** Resolves when all children are gone. */
  close(): Promise<void>
}

/** Children at a time; the one that was asked longest ago makes room. */
const most = 4

/** Runs must not wait for such questions, nor questions for runs: they have children of their own, kept warm. */
export function createDescribers(given: DescribersOptions): Describers {
  const { idleMs = 60_000 } = given
  const options = { timeoutMs: 10_000, ...given, env: hostEnvironment(given.env) }
  const children = new Map<string, { describer: Describer; idle: NodeJS.Timeout }>()
  const ending = new Set<Promise<void>>()
  return { describe, close }

  async function describe(described: Described, text: string): Promise<ProcessDeclaration> {
    const { id } = described.declaration
    const { processes, error } = await childOf(described)
      .ask(`{"type":"describe","process":${JSON.stringify(id)},"options":${text}}\n`)
      .catch((error: Error) => {
        throw new WarrenError('PROCESS_FAILED', error.message)
      })
    if (error) {
      const errors = [{ pointer: pointer(error.path ?? []), code: 'option', message: error.message }]
      throw new WarrenError('BAD_INPUT', 'The options do not fit', { errors })
    }
    const declaration = processes.find((declaration) => declaration.id === id)
    const wrong = declaration ? objection(declaration, []) : `${id} did not describe itself`
    if (!declaration || wrong) throw new WarrenError('BAD_RESULT', wrong)
    return declaration
  }

  function childOf(described: Described): Describer {
    const key = `${described.digest} ${described.entry}`
    const known = children.get(key)
    if (known?.describer.alive) {
      known.idle.refresh()
      children.delete(key)
      children.set(key, known)
      return known.describer
    }
    drop(key)
    for (const oldest of children.keys()) if (children.size >= most) drop(oldest)
    const describer = startDescriber(described.kind, described.entry, options)
    children.set(key, { describer, idle: setTimeout(() => drop(key), idleMs).unref() })
    return describer
  }

  function drop(key: string): void {
    const child = children.get(key)
    if (!child) return
    children.delete(key)
    clearTimeout(child.idle)
    const end = child.describer.end().finally(() => ending.delete(end))
    ending.add(end)
  }

  async function close(): Promise<void> {
    for (const key of children.keys()) drop(key)
    await Promise.all(ending)
  }
}
