import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { fileDocument } from '../kept/document.ts'
import { findFile } from '../kept/find.ts'
import { completeDirectly, directUpload } from '../uploads/direct.ts'
import { findUpload } from '../uploads/rows.ts'

/** Uploads whose bytes do not come through here: a client that has begun one asks where to send them, and says when it has. */
export function directRoutes(app: App, context: Context): void {
  app.post('/files/uploads/:id/url', async (c) => {
    const upload = await findUpload(context, c.req.param('id'), c.get('asker'))
    const [direct, { id, declared, length }] = directUpload(context, upload)
    const { url, headers, expiresAt } = await direct.sign(id, declared, length)
    c.header('Cache-Control', 'no-store')
    return c.json({ method: 'PUT', href: url, headers, expires: expiresAt.toISOString() })
  })

  app.post('/files/uploads/:id/completion', async (c) => {
    const id = c.req.param('id')
    const { fileId } = await context.sessions.turn(id, async () => {
      return await completeDirectly(context, await findUpload(context, id, c.get('asker')))
    })
    const file = await findFile(context, fileId as string, c.get('asker'))
    return c.json(fileDocument(file, c.get('base')))
  })
}
