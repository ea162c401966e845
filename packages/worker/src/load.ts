import { spawnSync } from 'node:child_process'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Process } from './define.ts'
import { failureOf, locate, RunFailure, type Failure } from './failure.ts'

const author = new URL('./index.ts', import.meta.url).href

/** The processes that an entry file exports: by default, by name, alone or in arrays. */
export async function loadProcesses(entry: string): Promise<Process[]> {
  // A process folder may lie anywhere on the disk, without a node_modules above it.
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@warren/worker' ? { url: author, shortCircuit: true } : next(specifier, context),
  })
  const exported = (await import(pathToFileURL(entry).href)) as { readonly [name: string]: unknown }
  const processes = new Set(Object.values(exported).flat().filter(isProcess))
  if (processes.size > 0) return [...processes]
  const message = `${entry} exports no process; use export default defineProcess({ ... })`
  throw new RunFailure({ code: 'LOAD_FAILED', message, file: entry })
}

/** Why an entry file could not be loaded. V8 keeps the place of a syntax error in JavaScript to itself until it prints it. */
export function loadFailure(error: unknown, entry: string, folder: string): Failure {
  const failure = failureOf(error, folder, 'LOAD_FAILED')
  if (failure.file !== undefined || !(error instanceof SyntaxError)) return failure
  const { stderr } = spawnSync(process.execPath, ['--check', entry], { encoding: 'utf8' })
  return { ...failure, ...locate(stderr, folder) }
}

function isProcess(value: unknown): value is Process {
  return (
    typeof value === 'object' && value !== null && 'id' in value && 'run' in value && typeof value.run === 'function'
  )
}
