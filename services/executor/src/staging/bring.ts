import { WarrenError } from '@warren/contracts'
import type { ReferencePolicy } from '../grammar/reference-policy.ts'
import type { BlobCache } from './blob-cache.ts'
import type { FilesClient } from './files-client.ts'
import { persist, type Patience } from './persist.ts'
import { bytesOf } from './save.ts'

/** Where files are brought from, with whose rights, and for how long it is tried. */
export interface Bringing {
  readonly owner: string
  readonly files: FilesClient
  readonly cache: BlobCache
  readonly policy: Pick<ReferencePolicy, 'maxFileBytes'>
  readonly patience: Patience
}

/** What is known of a file. */
export interface Known {
  readonly size: number
  readonly sha256: string
  readonly type: string
}

/**
 * Brings a file of ours to a path.
 *
 * @param known what was found when the job was accepted, if it was looked at then
 * @throws WarrenError NO_SUCH_FILE, TOO_LARGE, DATA_LOSS when it has other bytes now
 */
export async function bringFile(
  { owner, files, cache, policy, patience }: Bringing,
  fileId: string,
  path: string,
  known?: Known,
): Promise<Known> {
  const file = known ?? (await persist(patience, () => files.describe(fileId, owner)))
  const { size, sha256, type } = file
  if (size > policy.maxFileBytes) {
    throw new WarrenError('TOO_LARGE', `An input has at most ${policy.maxFileBytes} bytes`)
  }
  const fetch = async () => bytesOf(await files.read(fileId, owner, patience.signal))
  try {
    await persist(patience, () => cache.place({ sha256, size }, path, fetch, patience.signal))
  } catch (error) {
    if (!(error instanceof WarrenError) || error.code !== 'DIGEST_MISMATCH') throw error
    throw new WarrenError('DATA_LOSS', `The file ${fileId} is not what it was when the job was accepted`)
  }
  return { size, sha256, type }
}
