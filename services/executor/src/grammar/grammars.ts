import { executor, registry, WarrenError, type ProcessDescription } from '@warren/contracts'
import { client, type Mesh } from '@warren/mesh'
import { compileGrammar, type Grammar } from './grammar.ts'
import { withOptions } from './parametric.ts'

/** Where the grammar of a process is found. */
export interface Grammars {
  /** What runs here. */
  local(processId: string): Grammar | undefined
  /** What runs here, else what the registry knows. @throws WarrenError NO_SUCH_PROCESS */
  find(processId: string): Promise<Grammar>
  /** Process id → version of what runs here. */
  offers(): ReadonlyMap<string, string>
  /** Processes of what runs here whose jobs may have files to fetch. */
  fetching(): readonly string[]
  setLocal(grammars: ReadonlyMap<string, Grammar>): void
}

/** How long a description of the registry is believed. */
const REMEMBER_MS = 2_000
const REMEMBER_MOST = 500

export function createGrammars(mesh: Mesh): Grammars {
  const processes = client(registry, mesh)
  const executors = client(executor, mesh)
  const remembered = new Map<string, { grammar: Grammar; until: number }>()
  let locals: ReadonlyMap<string, Grammar> = new Map()
  let offers: ReadonlyMap<string, string> = new Map()
  let fetching: readonly string[] = []
  return {
    local: (processId) => locals.get(processId),
    find,
    offers: () => offers,
    fetching: () => fetching,
    setLocal: (grammars) => {
      locals = grammars
      offers = new Map([...grammars].map(([id, { description }]) => [id, description.version]))
      fetching = [...grammars]
        .filter(([, { files }]) => files && files.inputs.size + files.folders.size > 0)
        .map(([id]) => id)
    },
  }

  async function find(processId: string): Promise<Grammar> {
    const near = locals.get(processId) ?? fresh(processId)
    if (near) return near
    const description = await processes.getProcess({ id: processId })
    const grammar = withOptions(compileGrammar(description), (options) => describeElsewhere(processId, options))
    if (remembered.size >= REMEMBER_MOST) remembered.clear()
    remembered.set(processId, { grammar, until: Date.now() + REMEMBER_MS })
    return grammar
  }

  /** An executor that offers the process knows. */
  async function describeElsewhere(processId: string, text: string): Promise<ProcessDescription> {
    const options = JSON.parse(text) as Record<string, unknown>
    return executors.describeProcess({ processId, options }).catch((error: unknown) => {
      if (!(error instanceof WarrenError)) throw error
      const { code, message, details } = error
      const errors = details.errors?.map((each) => ({ ...each, pointer: each.pointer.replace(/^\/options/, '') }))
      throw new WarrenError(code, message, { ...details, ...(errors && { errors }) })
    })
  }

  function fresh(processId: string): Grammar | undefined {
    const entry = remembered.get(processId)
    return entry && entry.until > Date.now() ? entry.grammar : undefined
  }
}
