import { createHash } from 'node:crypto'
import type { FileDocument, User } from '@warren/contracts'

/** A file as this API has it. The client sends all of it back with a run; `unique_filename` is what counts. */
export interface File {
  readonly id: number
  readonly filename: string
  readonly unique_filename: string
  readonly sha256sum: string
  readonly user_id: number
}

export function fileOf({ id, name, sha256 }: FileDocument, { number }: User): File {
  return { id: numberOf(id), filename: name, unique_filename: id, sha256sum: sha256, user_id: number }
}

/** Files have no numbers here; 48 bits of a hash are the same each time, and an exact number for every client. */
function numberOf(id: string): number {
  return createHash('sha256').update(id).digest().readUIntBE(0, 6)
}
