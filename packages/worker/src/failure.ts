import { fileURLToPath } from 'node:url'

const here = new URL('.', import.meta.url).href

/** What an `error` line says besides its type and id. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly traceback?: string
  readonly file?: string
  readonly line?: number
  readonly exitCode?: number
  readonly signal?: string
  readonly logTail?: readonly string[]
}

/** An error whose members are told as they are. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The failure that a thrown value stands for, located in the first frame of the author's own `folder`. */
export function failureOf(thrown: unknown, folder: string, code = 'PROCESS_FAILED'): Failure {
  if (thrown instanceof RunFailure) return thrown.failure
  if (!(thrown instanceof Error)) return { code, message: `thrown: ${String(thrown)}` }
  const traceback = withoutHost(thrown.stack ?? String(thrown))
  return { code, message: thrown.message || thrown.name, traceback, ...locate(traceback, folder) }
}

/** The frames below the author's code are ours and Node's, and say nothing to the author. */
function withoutHost(stack: string) {
  const frames = stack.split('\n')
  const host = frames.findIndex((frame) => frame.includes(here))
  return (host === -1 ? frames : frames.slice(0, host)).filter((frame) => !frame.includes('(node:internal/')).join('\n')
}

/** The first `path:line` of a stack that lies in `folder`. */
export function locate(stack: string, folder: string): { file?: string; line?: number } {
  for (const found of stack.matchAll(/(?:file:\/\/)?(\/[^\s():]+):(\d+)/g)) {
    const file = found[0].startsWith('file:') ? fileURLToPath(`file://${found[1]}`) : found[1]!
    if (file.startsWith(folder)) return { file, line: Number(found[2]) }
  }
  return {}
}
