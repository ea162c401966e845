import { NewFolder } from '@warren/contracts'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { folderDocument, folderSummary, folderUrl, type Reader } from '../folders/document.ts'
import { findFolder, folderOwner, listEntries, listFolders, type FolderRow } from '../folders/find.ts'
import { createFolder, removeFolder } from '../folders/folders.ts'
import { nextPage, readJson, readQuery } from './asked.ts'
import { readFolderId } from './entries.ts'

const Query = z.object({
  id: z.string().max(255).optional(),
  owner: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
})

/** Folders as such: list, make or copy, describe and remove. */
export function folderRoutes(app: App, context: Context): void {
  const { db } = context

  app.get('/folders', async (c) => {
    const query = readQuery(c, Query)
    const owner = query.owner === undefined ? undefined : folderOwner(c.get('asker'), query.owner)
    const found = await listFolders(db, { ...query, owner, limit: query.limit + 1 }, c.get('asker'))
    const { rows, next, links } = nextPage(c, found, query.limit)
    c.header('Cache-Control', 'no-store')
    return c.json({ folders: rows.map((row) => folderSummary(row, readerOf(c))), next, links })
  })

  app.post('/folders', async (c) => {
    const owner = ownerOf(c)
    const folder = await createFolder(context, owner, await readJson(c, NewFolder))
    c.header('Location', folderUrl(folder, readerOf(c)))
    return await send(c, folder, 201)
  })

  app.get('/folders/:folder', async (c) => await send(c, await find(c), 200))

  app.delete('/folders/:folder', async (c) => {
    await removeFolder(context, await find(c))
    return c.body(null, 204)
  })

  async function find(c: RequestContext): Promise<FolderRow> {
    return await findFolder(db, ownerOf(c), readFolderId(c.req.param('folder') as string))
  }

  async function send(c: RequestContext, folder: FolderRow, status: 200 | 201): Promise<Response> {
    c.header('Cache-Control', 'no-store')
    return c.json(folderDocument(folder, await listEntries(db, folder), readerOf(c)), status)
  }
}

function ownerOf(c: RequestContext): string {
  return folderOwner(c.get('asker'), c.req.query('owner'))
}

function readerOf(c: RequestContext): Reader {
  return { base: c.get('base'), asker: c.get('asker') }
}
