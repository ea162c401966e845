import { FolderId, FolderPath, WarrenError } from '@warren/contracts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { removeEntry, type Place } from '../folders/entries.ts'
import { entryDocument, folderUrl } from '../folders/document.ts'
import { findEntry, findFolder, folderOwner, type EntryRow } from '../folders/find.ts'
import { failedCondition, type Validators } from '../http/conditions.ts'
import { sendFile } from './download.ts'
import { receiveRaw } from './receive.ts'

const path = '/folders/:folder/:path{.+}'

/** The files of a folder, under their paths. */
export function entryRoutes(app: App, context: Context): void {
  const { db } = context

  app.get(path, async (c) => {
    const entry = await find(c)
    // under this path there may be other bytes tomorrow
    return await sendFile(c, context, entry.file, { ...validatorsOf(entry), cacheControl: 'private, no-cache' })
  })

  app.put(path, async (c) => {
    const { folderId, path, owner } = placeOf(c)
    const place: Place = { folderId, path, check: (now) => checkConditions(c, now) }
    const name = path.slice(path.lastIndexOf('/') + 1)
    const { rows, isNew } = await receiveRaw(c, context, { owner, name, place })
    const folder = await findFolder(db, owner, folderId)
    const reader = { base: c.get('base'), asker: c.get('asker') }
    c.header('Location', folderUrl(folder, reader, path))
    c.header('ETag', `"${rows[0]?.digest}"`)
    return c.json(entryDocument(folder, await findEntry(db, folder, path), reader), isNew ? 201 : 200)
  })

  app.delete(path, async (c) => {
    const { folderId, path, owner } = placeOf(c)
    const folder = await findFolder(db, owner, folderId)
    checkConditions(c, await findEntry(db, folder, path))
    if (!(await removeEntry(context, folder, path))) throw new WarrenError('NO_SUCH_FILE')
    return c.body(null, 204)
  })

  async function find(c: RequestContext): Promise<EntryRow> {
    const { folderId, path, owner } = placeOf(c)
    return await findEntry(db, await findFolder(db, owner, folderId), path)
  }
}

/** @throws WarrenError BAD_INPUT when the folder or the path cannot be one */
function placeOf(c: RequestContext): { readonly folderId: string; readonly path: string; readonly owner: string } {
  const folderId = readFolderId(c.req.param('folder') as string)
  const path = FolderPath.safeParse(c.req.param('path'))
  if (!path.success) throw new WarrenError('BAD_INPUT', path.error.issues[0]?.message)
  return { folderId, path: path.data, owner: folderOwner(c.get('asker'), c.req.query('owner')) }
}

/** @throws WarrenError BAD_INPUT */
export function readFolderId(text: string): string {
  if (FolderId.safeParse(text).success) return text
  throw new WarrenError('BAD_INPUT', 'The name of a folder has letters, digits, ".", "_" and "-", 128 of them at most')
}

/** @throws WarrenError PRECONDITION_FAILED */
function checkConditions(c: RequestContext, now: EntryRow | undefined): void {
  const { headers } = c.req.raw
  const hasFailed = now ? failedCondition(c.req.method, headers, validatorsOf(now)) : headers.has('if-match')
  if (hasFailed) throw new WarrenError('PRECONDITION_FAILED')
}

function validatorsOf({ file, modifiedAt }: EntryRow): Validators {
  return { etag: `"${file.digest}"`, modifiedAt }
}
