import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** The least that keeping a file can be with these libraries: to disk, with its digest, and safely there. */
const [, , port, folder = ''] = process.argv
let last = 0

const app = new Hono()
app.put('/files/:name', async (c) => {
  const id = String(++last)
  const path = join(folder, id)
  const hash = createHash('sha256')
  await pipeline(
    Readable.fromWeb(c.req.raw.body as never),
    async function* digest(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path),
  )
  const file = await open(path)
  await file.sync()
  await file.close()
  return c.json({ id, sha256: hash.digest('hex') }, 201)
})
app.get('/files/:id', (c) => {
  return c.body(Readable.toWeb(createReadStream(join(folder, c.req.param('id')))) as ReadableStream)
})
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }, () => process.send?.('ready'))
