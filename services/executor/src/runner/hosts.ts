import { fileURLToPath } from 'node:url'

export type EntryKind = 'node' | 'python' | 'command'

const worker = import.meta.resolve('@warren/worker')
const nodeHost = fileURLToPath(new URL('./host.ts', worker))
const execHost = fileURLToPath(new URL('./exec-host.ts', worker))
const pythonHost = fileURLToPath(new URL('../python/warren.py', worker))

/** How to start the host of an entry file. */
export function hostCommand(kind: EntryKind, entry: string, python = 'python3'): [file: string, ...args: string[]] {
  if (kind === 'python') return [python, pythonHost, entry]
  return [process.execPath, kind === 'node' ? nodeHost : execHost, entry]
}

// with compiled code kept, a Node host is there in less than half the time
const passedOn = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'NODE_COMPILE_CACHE']

type Environment = { readonly [name: string]: string | undefined }

/** The environment of user code: nothing of the service's own, which holds credentials. */
export function hostEnvironment(env: Environment): { [name: string]: string } {
  const given: { [name: string]: string } = { PYTHONUTF8: '1' }
  for (const name of passedOn) if (env[name] !== undefined) given[name] = env[name]
  return given
}
