import { readFile } from 'node:fs/promises'
import type { StdoutMapping } from './command-outputs.ts'
import type { ProcessDeclaration } from './declaration.ts'
import { RunFailure } from './failure.ts'

/** A declaration, and how to run the program. */
export interface CommandProcess extends ProcessDeclaration {
  /** Program and arguments. `{name}` becomes the value of an input, `{folder}` this folder; no shell sees any of it. */
  readonly command: readonly string[]
  /** Files to write before the start: name in the working directory → input whose text it gets */
  readonly files?: { readonly [file: string]: string }
  /** How outputs are read from standard output, if the program writes no `outputs.json` */
  readonly stdout?: StdoutMapping
}

/** A program that is a runner itself and declares its own processes. */
export interface ForeignRunner {
  readonly runner: readonly string[]
}

/** Reads a `process.json`. Throws LOAD_FAILED with file and line. */
export async function readCommandFile(entry: string): Promise<CommandProcess | ForeignRunner> {
  const process = parse(await readFile(entry, 'utf8'), entry) as Partial<CommandProcess & ForeignRunner>
  if (process.runner) return { runner: process.runner }
  const missing = (['id', 'version', 'inputs', 'outputs', 'command'] as const).filter(
    (name) => process[name] === undefined,
  )
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
