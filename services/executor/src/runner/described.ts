import type { ProcessDeclaration } from '@warren/worker'
import type { EntryKind } from './hosts.ts'

/** A process that was found in a folder and has described itself. */
export interface Described {
  readonly declaration: ProcessDeclaration
  readonly folder: string
  /** The entry file, an absolute path */
  readonly entry: string
  readonly kind: EntryKind
  /** SHA-256 over the files of the folder, in hexadecimal */
  readonly digest: string
  /** Whether its host takes runs ahead */
  readonly pipelining: boolean
}
