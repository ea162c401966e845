import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OutputDeclaration, ProcessDeclaration } from './declaration.ts'
import { RunFailure } from './failure.ts'
import { RawOutputs } from './result.ts'

export type StdoutMapping =
  /** All of it is one output: a string, or JSON text if the schema has another type */
  | { readonly output: string }
  /** A regular expression whose named groups are outputs */
  | { readonly pattern: string }

type Outputs = { readonly [name: string]: OutputDeclaration }

/** What the program wrote to `outputs.json`, with its numbers as printed; undefined if there is no such file. */
export async function fileOutputs(workdir: string, declared: Outputs): Promise<RawOutputs | undefined> {
  const text = await readFile(join(workdir, 'outputs.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const outputs = parse(text, 'outputs.json')
  if (typeof outputs !== 'object' || outputs === null) throw bad('outputs.json is not an object')
  for (const name in declared) if (!(name in outputs)) throw bad(`${name}: the declared output is missing`)
  // Line breaks are white space in JSON text, and the protocol has one message a line.
  return new RawOutputs(text.trim().replaceAll(/[\r\n]+/g, ' '))
}

/** The outputs in what the program printed. */
export function stdoutOutputs(
  text: string,
  { stdout, outputs }: Pick<ProcessDeclaration, 'outputs'> & { readonly stdout?: StdoutMapping },
): RawOutputs {
  if (!stdout) throw bad('the program wrote no outputs.json')
  if ('output' in stdout) return raw([[stdout.output, convert(stdout.output, text, outputs)]])
  const groups = new RegExp(stdout.pattern).exec(text)?.groups
  if (!groups) throw bad(`standard output does not match ${stdout.pattern}: ${text.slice(0, 200)}`)
  return raw(Object.keys(outputs).map((name) => [name, convert(name, groups[name] ?? '', outputs)]))
}

function convert(name: string, text: string, outputs: Outputs): string {
  if (outputs[name]?.schema['type'] === 'string') return JSON.stringify(text)
  parse(text, name)
  return text.trim().replaceAll(/[\r\n]+/g, ' ')
}

function raw(entries: [name: string, text: string][]) {
  return new RawOutputs(`{${entries.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`)
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw bad(`${what}: ${(error as Error).message}`)
  }
}

function bad(message: string) {
  return new RunFailure({ code: 'BAD_RESULT', message })
}
