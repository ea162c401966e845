import { readFile } from 'node:fs/promises'
import type { CommandProcess } from './command.ts'
import { RunFailure } from './failure.ts'

/** Reads a `process.json`. Throws LOAD_FAILED with file and line. */
export async function readCommandProcess(entry: string): Promise<CommandProcess> {
  const text = await readFile(entry, 'utf8')
  const process = parse(text, entry) as Partial<CommandProcess>
  const missing = (['id', 'version', 'inputs', 'outputs', 'command'] as const).filter((name) => process[name] === undefined)
  if (missing.length === 0) return process as CommandProcess
  throw new RunFailure({ code: 'LOAD_FAILED', message: `${entry} has no "${missing.join('", "')}"`, file: entry })
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const { message } = error as Error
    const position = /position (\d+)/.exec(message)?.[1]
    const line = position ? text.slice(0, Number(position)).split('\n').length : text.split('\n').length
    throw new RunFailure({ code: 'LOAD_FAILED', message, file, line })
  }
}
