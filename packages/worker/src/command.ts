import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Context } from './context.ts'
import { RunFailure } from './failure.ts'
import type { RawOutputs } from './result.ts'
import type { CommandProcess } from './command-file.ts'
import { withMemoryBound } from './memory-bound.ts'
import { fileOutputs, stdoutOutputs } from './command-outputs.ts'

type Inputs = { readonly [name: string]: unknown }

/** Runs the program once in the run's working directory. `rawInputs` is the text of the inputs as it came. */
export async function runCommand(
  process: CommandProcess,
  folder: string,
  inputs: Inputs,
  rawInputs: string,
  { workdir, signal }: Context,
): Promise<RawOutputs> {
  await writeFile(join(workdir, 'inputs.json'), rawInputs)
  for (const [file, input] of Object.entries(process.files ?? {})) {
    await writeFile(inside(workdir, file), textOf(inputs[input] ?? ''))
  }
  const stdout = await execute(
    argumentsOf(process.command, { ...inputs, folder, workdir }),
    folder,
    workdir,
    process,
    signal,
  )
  return (await fileOutputs(workdir, process.outputs)) ?? stdoutOutputs(stdout, process)
}

async function execute(
  argv: string[],
  folder: string,
  cwd: string,
  { stdout, limits }: CommandProcess,
  signal: AbortSignal,
) {
  const name = argv[0] ?? ''
  const bounded = withMemoryBound([programOf(name, folder), ...argv.slice(1)], limits?.memoryBytes)
  const child = spawn(bounded[0]!, bounded.slice(1), { cwd, stdio: ['ignore', stdout ? 'pipe' : 'inherit', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  // The whole group has to go, grandchildren included: this host leaves and the executor sweeps what is left behind.
  signal.addEventListener('abort', () => {
    child.once('exit', () => globalThis.process.exit(0))
    child.kill()
  })
  const [code, by] = (await once(child, 'close').catch((error: Error) => {
    throw new RunFailure({ code: 'PROCESS_FAILED', message: `cannot start ${name}: ${error.message}` })
  })) as [number | null, string | null]
  if (code === 0) return Buffer.concat(chunks).toString()
  const how = by === null ? `ended with exit code ${code}` : `was ended by ${by}`
  const exit = by === null ? { exitCode: code ?? 1 } : { signal: by }
  throw new RunFailure({ code: 'PROCESS_FAILED', message: `${name} ${how}`, ...exit })
}

/** A path is relative to the folder of `process.json`; a bare name is looked up in PATH. */
export function programOf(name: string, folder: string): string {
  return name.includes('/') ? resolve(folder, name) : name
}

/** An argument that is nothing but the placeholder of an absent input is left out. */
function argumentsOf(command: readonly string[], values: Inputs): string[] {
  return command
    .filter((argument) => !/^\{[\w-]+\}$/.test(argument) || values[argument.slice(1, -1)] !== undefined)
    .map((argument) => argument.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => textOf(values[name] ?? '')))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function inside(workdir: string, file: string) {
  const path = resolve(workdir, file)
  if (path.startsWith(`${workdir}/`)) return path
  throw new RunFailure({ code: 'PROCESS_FAILED', message: `${file} lies outside the working directory` })
}
