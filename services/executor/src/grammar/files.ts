import type { ProcessDescription } from '@warren/contracts'

/** Which inputs and outputs are files, by their names. */
export interface FileGrammar {
  readonly inputs: ReadonlySet<string>
  readonly outputs: ReadonlySet<string>
  /** What else a run leaves in its working directory is stored, too. */
  readonly keep: boolean
}

/** `{ "type": "string", "format": "file" }`: the process gets, or gives, a path. */
export function isFile(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'format' in schema && schema.format === 'file'
}

/** What a client may send for a file: its content, or where it is. */
export const valueOrLink = {
  type: ['string', 'object'],
  required: ['href'],
  properties: { href: { type: 'string' } },
} as const

export function findFiles({
  inputs,
  outputs,
  keepFiles: keep = false,
}: Pick<ProcessDescription, 'inputs' | 'outputs' | 'keepFiles'>): FileGrammar | undefined {
  const found = { inputs: filesOf(inputs), outputs: filesOf(outputs), keep }
  return keep || found.inputs.size > 0 || found.outputs.size > 0 ? found : undefined
}

function filesOf(declared: Readonly<Record<string, { readonly schema: unknown }>>): ReadonlySet<string> {
  return new Set(Object.keys(declared).filter((name) => isFile(declared[name]?.schema)))
}
