import type { UploadList } from '@warren/contracts'
import { z } from 'zod'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { listUploads } from '../uploads/list.ts'
import { readQuery } from './asked.ts'
import { readMetadata } from './tus-headers.ts'

const Query = z.object({
  key: z.string().min(1).max(1_024),
  limit: z.coerce.number().int().min(1).max(100).default(10),
})

/**
 * The caller's uploads that are not files yet, found by the `key` that he put into their metadata: for clients that
 * cannot keep the URL that they were given.
 */
export function openUploadRoutes(app: App, context: Context): void {
  app.get('/files/uploads', async (c) => {
    const { key, limit } = readQuery(c, Query)
    const rows = await listUploads(context, c.get('asker'), key, limit)
    const uploads: UploadList['uploads'] = rows.map(({ id, received, length, expiresAt, metadata }) => ({
      id,
      offset: received,
      length,
      expires: expiresAt.toISOString(),
      file: null,
      metadata: Object.fromEntries(readMetadata(metadata ?? '')),
    }))
    c.header('Cache-Control', 'no-store')
    return c.json({ uploads } satisfies UploadList)
  })
}
