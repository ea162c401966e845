import { executor as contract, FileOfJob, commonErrors, WarrenError, type RouteDocument } from '@warren/contracts'
import { makeZip, predictLength } from 'client-zip'
import { z } from 'zod'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { forward } from '../forward.ts'
import { negotiate } from './accept.ts'
import { requireJobId } from './jobs.ts'
import { badQuery, readQuery } from './query.ts'
import { jobUrl } from './status-document.ts'

const FILES = 'files'
const ZIP = 'application/zip'
const JSON_TYPE = 'application/json'

const Entry = FileOfJob.pick({ path: true, role: true, attempt: true, size: true, sha256: true, type: true }).extend({
  name: z.string().optional().meta({ description: 'Id of the input or output that it is' }),
  stored: z.iso.datetime(),
  href: z.string().meta({ description: 'Where its bytes are' }),
})

/** The files of a job; paths have `/` between folders, and files of one folder stand together. */
export const FilesOfJob = z.object({ jobID: z.string(), files: z.array(Entry) }).meta({ id: 'FilesOfJob' })

/** What a job took, gave and left behind: as a list, one by one, or all as an archive. */
export function filesOfJobRoutes(app: App, context: Context): void {
  const { executor } = context

  app.get('/jobs/:id/files', async (c) => {
    const format = readQuery(c, ['format']).format?.[0]
    if (format !== undefined && format !== 'json' && format !== 'zip') {
      throw badQuery('format', 'must be "json" or "zip"', format)
    }
    const accept = c.req.header('accept')
    const type = format === undefined ? negotiate(accept, [JSON_TYPE, ZIP]) : format === 'zip' ? ZIP : JSON_TYPE
    if (type === undefined) throw new WarrenError('NOT_ACCEPTABLE')
    const id = requireJobId(c.req.param('id'))
    const { files } = await executor.listFiles({ id }, callOptions(c))
    if (type === ZIP) return sendArchive(c, id, files)
    const self = `${jobUrl(id, c.get('base'))}/files`
    return c.json({ jobID: id, files: files.map((file) => entryOf(file, self)) })
  })

  app.get('/jobs/:id/files.zip', async (c) => {
    readQuery(c, [])
    const id = requireJobId(c.req.param('id'))
    return sendArchive(c, id, (await executor.listFiles({ id }, callOptions(c))).files)
  })

  app.get('/jobs/:id/files/:path{.+}', async (c) => {
    const id = requireJobId(c.req.param('id'))
    const path = c.req.param('path')
    const { files } = await executor.listFiles({ id }, callOptions(c))
    const file = files.find((file) => file.path === path)
    if (!file) throw new WarrenError('NO_SUCH_FILE', `The job has no file "${path.slice(0, 200)}"`)
    if (file.fileId === null) return c.redirect(file.source as string, 307)
    const { search } = new URL(c.req.url)
    return forward(c, context, { app: FILES, prefix: '', target: `/files/${file.fileId}${search}` })
  })

  function sendArchive(c: RequestContext, id: string, all: readonly FileOfJob[]): Response {
    const files = all.filter(({ fileId }) => fileId !== null)
    const metadata = files.map(({ path: name, size }) => ({ name, size }))
    // nothing is asked for before the client has taken what comes before it
    const headers = {
      'Content-Type': ZIP,
      'Content-Disposition': `attachment; filename="${id}.zip"`,
      'Content-Length': String(predictLength(metadata)),
    }
    if (c.req.method === 'HEAD') return new Response(null, { headers })
    return new Response(makeZip(entries(c, files), { metadata }), { headers })
  }

  async function* entries(c: RequestContext, files: readonly FileOfJob[]) {
    for (const { path: name, size, fileId, storedAt } of files) {
      yield { name, size, lastModified: new Date(storedAt), input: bytesOf(c, fileId as string) }
    }
  }

  async function* bytesOf(c: RequestContext, fileId: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { id: principal, roles } = c.get('principal')
    const { protocol, host } = new URL(c.get('base'))
    const answer = await context.apps.open(
      FILES,
      { method: 'GET', scheme: protocol.slice(0, -1), authority: host, target: `/files/${fileId}`, fields: [] },
      { principal, roles, requestId: c.get('requestId'), signal: c.req.raw.signal },
    )
    try {
      // the archive has begun: it can only break off
      if (answer.status !== 200) throw new WarrenError('NO_SUCH_FILE', `The file ${fileId} is gone`)
      for (let chunk = await answer.body.read(); chunk; chunk = await answer.body.read()) {
        yield chunk as Buffer<ArrayBuffer>
      }
    } finally {
      answer.cancel()
    }
  }
}

function entryOf({ path, role, attempt, size, sha256, type, name, storedAt }: FileOfJob, self: string) {
  const href = `${self}/${path.split('/').map(encodeURIComponent).join('/')}`
  return { path, role, attempt, ...(name !== null && { name }), size, sha256, type, stored: storedAt, href }
}

const id = z.string()
const archive = { description: 'The archive, as it is put together', content: { [ZIP]: null } }
const about = { method: 'GET', tag: 'processes', errors: [...commonErrors, 'NO_SUCH_JOB', 'NOT_ACCEPTABLE'] } as const
const { listFiles } = contract.operations

export const filesOfJobDocuments: readonly RouteDocument[] = [
  {
    ...about,
    path: '/jobs/:id/files',
    id: 'executor_listFiles',
    summary: listFiles.summary,
    description: listFiles.description,
    parameters: z.object({ id, format: z.enum(['json', 'zip']).optional() }),
    responses: { 200: { description: 'The files', content: { [JSON_TYPE]: FilesOfJob, [ZIP]: null } } },
  },
  {
    ...about,
    path: '/jobs/:id/files.zip',
    id: 'executor_archiveFiles',
    summary: 'All files of a job as one archive',
    parameters: z.object({ id }),
    responses: { 200: archive },
  },
  {
    ...about,
    path: '/jobs/:id/files/:path',
    id: 'executor_readFile',
    summary: 'Read a file of a job, or a range of it',
    description: 'The path may have slashes. Everything that `/files/{id}` knows: ranges, conditions, digests.',
    parameters: z.object({ id, path: z.string() }),
    headers: z.object({ Range: z.string().optional().meta({ description: '`bytes=…`, one range (RFC 9110)' }) }),
    responses: {
      200: { description: 'The bytes', content: { '*/*': null } },
      206: { description: 'The range', content: { '*/*': null } },
      304: { description: 'The client has them already' },
      307: { description: 'An input that was read from elsewhere is there, or where the bytes are kept' },
    },
    errors: [...about.errors, 'NO_SUCH_FILE', 'PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE'],
  },
]
