import type { FileDocument, FileList, User } from '@warren/contracts'
import type { Context } from '../../context.ts'
import type { App } from '../../env.ts'
import { askFiles } from './ask-files.ts'
import { storeChunk } from './chunks.ts'
import { detail } from './errors.ts'
import { fileOf } from './file-document.ts'
import { readChunks } from './form.ts'
import { slashed } from './paths.ts'

/** What the caller has stored, and more of it: `/v1/file`. */
export function fileRoutes(v1: App, context: Pick<Context, 'apps'>): void {
  v1.on('GET', slashed('/file'), async (c) => {
    const user = c.get('principal').user as User
    const found: FileDocument[] = []
    for (let after: string | null = ''; after !== null;) {
      const target = `/files?limit=1000${after && `&after=${after}`}`
      const page = (await askFiles(c, context, { method: 'GET', target })).json as FileList
      found.push(...page.files)
      after = page.next
    }
    return c.json(found.toReversed().map((file) => fileOf(file, user)))
  })

  v1.on('POST', slashed('/file/upload'), async (c) => {
    const user = c.get('principal').user as User
    const chunks = await readChunks(c)
    if ('invalid' in chunks) return detail(422, chunks.invalid)
    const stored: FileDocument[] = []
    for (const chunk of chunks) {
      const file = await storeChunk(c, context, chunk)
      if (file) stored.push(file)
    }
    const [{ number, total } = { number: 0, total: 1 }] = chunks
    if (number < total - 1) return c.json(`Chunk ${number + 1} of ${total} is here`)
    return c.json(stored.map((file) => fileOf(file, user)))
  })
}
