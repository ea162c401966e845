import { createHash } from 'node:crypto'
import type { Asker, FolderDocument, FolderEntry, FolderList } from '@warren/contracts'
import type { EntryRow, FolderRow, FolderSum } from './find.ts'

/** Who reads a document, and under which base of absolute links. */
export interface Reader {
  readonly base: string
  readonly asker: Asker
}

/** A folder as clients see it. */
export function folderDocument(folder: FolderRow, rows: readonly EntryRow[], reader: Reader): FolderDocument {
  const hash = createHash('sha256')
  for (const { path, file } of rows) hash.update(`${file.digest}  ${path}\n`)
  const size = rows.reduce((sum, { file }) => sum + file.size, 0)
  return {
    ...folderSummary({ ...folder, files: rows.length, size }, reader),
    sha256: hash.digest('hex'),
    entries: rows.map((row) => entryDocument(folder, row, reader)),
  }
}

export function folderSummary(folder: FolderSum, reader: Reader): FolderList['folders'][number] {
  const { id, owner, files, size, createdAt, modifiedAt } = folder
  return {
    id,
    owner,
    files,
    size,
    created: createdAt.toISOString(),
    modified: modifiedAt.toISOString(),
    links: [{ href: folderUrl(folder, reader), rel: 'self', type: 'application/json' }],
  }
}

export function entryDocument(folder: FolderRow, row: EntryRow, reader: Reader): FolderEntry {
  const { path, modifiedAt, file } = row
  return {
    path,
    fileId: file.id,
    size: file.size,
    sha256: file.digest,
    type: file.mediaType,
    modified: modifiedAt.toISOString(),
    href: folderUrl(folder, reader, path),
  }
}

/** The URL of a folder, or of a file in it; for others than its owner it says whose it is. */
export function folderUrl(
  { id, owner }: Pick<FolderRow, 'id' | 'owner'>,
  { base, asker }: Reader,
  path?: string,
): string {
  const below = path === undefined ? '' : `/${path.split('/').map(encodeURIComponent).join('/')}`
  const whose = owner === asker.principal ? '' : `?owner=${encodeURIComponent(owner)}`
  return `${base}/folders/${id}${below}${whose}`
}
