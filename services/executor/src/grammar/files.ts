import type { ProcessDescription } from '@warren/contracts'

/** Which inputs and outputs are files, by their names. */
export interface FileGrammar {
  readonly inputs: ReadonlySet<string>
  /** Inputs that are whole folders. */
  readonly folders: ReadonlySet<string>
  readonly outputs: ReadonlySet<string>
  /** What else a run leaves in its working directory is stored, too. */
  readonly keep: boolean
}

/** `{ "type": "string", "format": "file" }`: the process gets, or gives, a path. */
export function isFile(schema: unknown): boolean {
  return formatOf(schema) === 'file'
}

/** `{ "type": "string", "format": "folder" }`: the process gets the path of a folder. */
export function isFolder(schema: unknown): boolean {
  return formatOf(schema) === 'folder'
}

/** What a client may send for a file: its content, or where it is. */
export const valueOrLink = {
  type: ['string', 'object'],
  required: ['href'],
  properties: { href: { type: 'string' } },
} as const

/** What a client may send for a folder. */
export const link = {
  type: 'object',
  required: ['href'],
  properties: { href: { type: 'string' } },
} as const

/** Whether a request has files to fetch before it can run. */
export function fetchesFiles(files: FileGrammar | undefined, inputs: Readonly<Record<string, unknown>>): boolean {
  if (files === undefined) return false
  return Object.keys(inputs).some((name) => files.inputs.has(name) || files.folders.has(name))
}

export function findFiles({
  inputs,
  outputs,
  keepFiles: keep = false,
}: Pick<ProcessDescription, 'inputs' | 'outputs' | 'keepFiles'>): FileGrammar | undefined {
  const found = {
    inputs: namesOf(inputs, isFile),
    folders: namesOf(inputs, isFolder),
    outputs: namesOf(outputs, isFile),
    keep,
  }
  return keep || found.inputs.size + found.folders.size + found.outputs.size > 0 ? found : undefined
}

function namesOf(
  declared: Readonly<Record<string, { readonly schema: unknown }>>,
  isOne: (schema: unknown) => boolean,
): ReadonlySet<string> {
  return new Set(Object.keys(declared).filter((name) => isOne(declared[name]?.schema)))
}

function formatOf(schema: unknown): unknown {
  return typeof schema === 'object' && schema !== null && 'format' in schema ? schema.format : undefined
}
