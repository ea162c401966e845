import { rawJson } from '@warren/contracts'
import type { Discipline, Variable } from './discipline.ts'
import type { Invalid } from './errors.ts'
import type { ReadInput } from './execute-input.ts'
import { deriveOf } from './linearization.ts'

/** Jobs of this API have integers for ids: their numbers in this series. */
export const SERIES = 'gemseo'

/** Member of an execute request in which what the job document repeats is kept. */
export const KEPT = 'gemseo'

/**
 * The execute request that an input of this API stands for. Numbers stay as they were written.
 *
 * @returns JSON text, or what is invalid where
 */
export function runRequestOf(discipline: Discipline, input: ReadInput): string | readonly Invalid[] {
  const files = new Map((input.input_files ?? []).map((file) => [file.filename, `/files/${file.unique_filename}`]))
  const known = new Map(discipline.inputs.map((variable) => [variable.name, variable]))
  /** Files that are inputs of their own */
  const taken = new Set<string>()
  const inputs: [string, string][] = []
  const invalid: Invalid[] = []
  for (const [name, raw] of input.data) {
    const variable = known.get(name)
    if (!variable) continue // the grammar of GEMSEO passes over what it does not know
    const value = variable.kind === 'file' ? fileValue(raw, files, taken) : fitting(raw, variable)
    if (value !== undefined) inputs.push([name, value])
    else if (raw !== JSON.stringify(variable.default)) {
      const loc = ['body', 'input_data', name]
      invalid.push({ type: 'missing_file', loc, msg: 'No input file of this name', input: raw })
    }
  }
  if (invalid.length > 0) return invalid
  const beside = [...files].filter(([name]) => !taken.has(name)).map(([name, href]) => ({ href, name }))
  const keepFiles = beside.length > 0 || hasFiles(discipline)
  const warren = { series: SERIES, keepFiles, files: beside, derive: deriveOf(discipline, input) }
  return rawJson.object([
    ['processId', JSON.stringify(discipline.name)],
    ['inputs', rawJson.object([...optionsOf(discipline, input), ...inputs])],
    ['warren', JSON.stringify(warren)],
    [KEPT, input.kept],
  ])
}

function optionsOf({ process }: Discipline, { kept }: ReadInput): [name: string, raw: string][] {
  const raw = rawJson.member(kept, 'discipline_options') ?? ''
  const given = raw.startsWith('{') ? rawJson.members(raw) : []
  return given.filter(([name]) => process.inputs[name]?.option === true)
}

/** Whether a run may have to do with files; a text may be the name of one. */
function hasFiles({ inputs, outputs }: Discipline): boolean {
  return [...inputs, ...outputs].some(({ kind }) => kind === 'file' || kind === 'string')
}

/** A file is meant by its base name. Undefined when there is none of that name. */
function fileValue(raw: string, files: ReadonlyMap<string, string>, taken: Set<string>): string | undefined {
  const name: unknown = JSON.parse(raw)
  const href = typeof name === 'string' ? files.get(name) : undefined
  if (href === undefined) return undefined
  taken.add(name as string)
  return JSON.stringify({ href })
}

/** One number may come as a list of one, and a list of one as a number: NumPy knows no difference. */
function fitting(raw: string, { isList }: Variable): string {
  if (isList) return raw.startsWith('[') ? raw : `[${raw}]`
  if (!raw.startsWith('[')) return raw
  const inner = raw.slice(1, -1).trim()
  return inner === '' || inner.includes(',') ? raw : inner
}
