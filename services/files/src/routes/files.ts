import { Sha256, WarrenError } from '@warren/contracts'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { failedCondition } from '../http/conditions.ts'
import { fileDocument, fileUrl, validatorsOf } from '../kept/document.ts'
import { findFile, listFiles } from '../kept/find.ts'
import { deleteFile, restoreFile } from '../kept/remove.ts'
import { nextPage, readId, readQuery } from './asked.ts'

const Query = z.object({
  name: z.string().max(255).optional(),
  sha256: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(Sha256)
    .optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
})

/** List, describe, delete and restore. */
export function fileRoutes(app: App, context: Context): void {
  app.get('/files', async (c) => {
    const { name, sha256, limit, after } = readQuery(c, Query)
    const query = { name, digest: sha256, limit: limit + 1, after }
    const { rows, next, links } = nextPage(c, await listFiles(context, query, c.get('asker')), limit)
    const base = c.get('base')
    // what a HEAD sees of it: whether these bytes are there already
    if (sha256 !== undefined) for (const { id } of rows) c.header('Link', item(fileUrl(base, id)), { append: true })
    c.header('Cache-Control', 'no-store')
    return c.json({ files: rows.map((row) => fileDocument(row, base)), next, links })
  })

  app.get('/files/:id/metadata', async (c) => {
    const row = await findFile(context, readId(c.req.param('id')), c.get('asker'))
    c.header('Cache-Control', 'no-store')
    return c.json(fileDocument(row, c.get('base')))
  })

  app.delete('/files/:id', async (c) => {
    const row = await findFile(context, readId(c.req.param('id')), c.get('asker'))
    if (failedCondition('DELETE', c.req.raw.headers, validatorsOf(row))) throw new WarrenError('PRECONDITION_FAILED')
    if (!(await deleteFile(context, row))) throw new WarrenError('NO_SUCH_FILE')
    return c.body(null, 204)
  })

  app.post('/files/:id/restoration', async (c) => {
    const row = await restoreFile(context, readId(c.req.param('id')), c.get('asker'))
    return c.json(fileDocument(row, c.get('base')))
  })
}

function item(url: string): string {
  return `<${url}>; rel="item"`
}
