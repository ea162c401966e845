import { z } from 'zod'
import { FileId, Link, Sha256 } from './files.ts'

const MAX_PATH_BYTES = 1_024
const MAX_NAME_BYTES = 255

export const FolderId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .meta({ description: 'Name of a folder; each owner has folders of their own' })

/** Names with `/` between them that any file system takes as they are, and that lead nowhere else. */
export const FolderPath = z
  .string()
  .refine(isPath, `A path has 1 to ${MAX_PATH_BYTES} bytes, and names without "..", control characters and backslashes`)
  .meta({ description: 'In the folder, with `/` between names' })

/** A file of a folder, under its path. */
export const FolderEntry = z
  .object({
    path: FolderPath,
    fileId: FileId,
    size: z.int().meta({ description: 'Bytes' }),
    sha256: Sha256,
    type: z.string().meta({ description: 'Media type' }),
    modified: z.iso.datetime(),
    href: z.string().meta({ description: 'Where its bytes are' }),
  })
  .meta({ id: 'FolderEntry' })
export type FolderEntry = z.infer<typeof FolderEntry>

const FolderSummary = z
  .object({
    id: FolderId,
    owner: z.string(),
    files: z.int().meta({ description: 'How many' }),
    size: z.int().meta({ description: 'Bytes of all' }),
    created: z.iso.datetime(),
    modified: z.iso.datetime(),
    links: z.array(Link),
  })
  .meta({ id: 'FolderSummary' })

/** A folder: a named tree of files, in the order of their paths. */
export const FolderDocument = FolderSummary.extend({
  sha256: Sha256.meta({
    description: 'SHA-256 of the lines `<sha256>  <path>`: folders with the same tree have the same',
  }),
  entries: z.array(FolderEntry),
}).meta({ id: 'Folder' })
export type FolderDocument = z.infer<typeof FolderDocument>

export const FolderList = z
  .object({
    folders: z.array(FolderSummary),
    next: z.string().nullable().meta({ description: '`after` of the next page' }),
    links: z.array(Link),
  })
  .meta({ id: 'FolderList' })
export type FolderList = z.infer<typeof FolderList>

export const NewFolder = z
  .object({
    id: FolderId,
    from: FolderId.optional().meta({ description: 'The folder that it begins as a copy of; else it is empty' }),
  })
  .meta({ id: 'NewFolder' })

function isPath(text: string): boolean {
  return text.isWellFormed() && bytesOf(text) <= MAX_PATH_BYTES && text.split('/').every(isName)
}

function isName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what must not be in it
  return !['', '.', '..'].includes(name) && bytesOf(name) <= MAX_NAME_BYTES && !/[\u0000-\u001f\u007f\\]/.test(name)
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength
}
