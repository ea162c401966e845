import {
  commonErrors,
  FileDocument,
  FileList,
  Sha256,
  UploadDocument,
  UploadList,
  type Code,
  type RouteDocument,
} from '@warren/contracts'
import { z } from 'zod'

const route = routesOf('files')

export const bytes = '*/*'
const id = z.string()
const name = z.string().optional().meta({ description: 'Name of the file, without a path' })
const sha256 = Sha256.optional()
const ttl = z.number().optional().meta({ description: 'Seconds after which the file expires' })
const Form = z.looseObject({
  sha256: z.string().optional().meta({ description: 'Of the file behind it' }),
  file: z.string().meta({ format: 'binary', description: 'One or several' }),
})

export const declared = z.object({
  'Content-Digest': z.string().optional().meta({ description: '`sha-256=:…:` (RFC 9530); other bytes are refused' }),
})
export const conditions = z.object({
  'If-Match': z.string().optional(),
  'If-None-Match': z.string().optional(),
  'If-Modified-Since': z.string().optional(),
})
const tus = z.object({ 'Tus-Resumable': z.literal('1.0.0') })
const created = { Location: 'Absolute URL of the file', ETag: 'SHA-256 of the bytes' }
const state = {
  'Tus-Resumable': '1.0.0',
  'Upload-Offset': 'Bytes that are here',
  'Upload-Expires': 'When it is given up, unless it goes on',
  'Warren-File': 'Absolute URL of the file that it became',
}
const validators = {
  ETag: 'SHA-256 of the bytes',
  'Repr-Digest': 'The same as RFC 9530 has it',
  'Last-Modified': 'When it was stored',
  'Accept-Ranges': '`bytes`',
}

const stored: RouteDocument['responses'] = {
  200: { description: 'It was stored before, by the same request', content: json(FileDocument), headers: created },
  201: { description: 'It is stored; several of a form as `files`', content: json(FileDocument), headers: created },
}
export const refusals: readonly Code[] = [
  'BAD_INPUT',
  'NO_SUCH_FILE',
  'TOO_LARGE',
  'QUOTA_EXCEEDED',
  'DIGEST_MISMATCH',
  'KEY_REUSED',
]

/** How bytes are read, of a file and under a path of a folder. */
export const reading: Pick<RouteDocument, 'headers' | 'responses' | 'errors'> = {
  headers: z.object({
    Range: z.string().optional(),
    'If-Range': z.string().optional(),
    ...conditions.shape,
    Prefer: z.string().optional().meta({ description: '`return=representation`: no redirect (RFC 7240)' }),
  }),
  responses: {
    200: {
      description: 'The bytes',
      content: { [bytes]: null },
      headers: { ...validators, 'Content-Digest': 'The same', 'Content-Disposition': 'With the name (RFC 6266)' },
    },
    206: {
      description: 'The range',
      content: { [bytes]: null },
      headers: { ...validators, 'Content-Range': 'Which bytes of how many' },
    },
    304: { description: 'What the client has is right', headers: validators },
    307: {
      description:
        'Many bytes of a store that clients can reach are there, for a while; not for a request with conditions',
      headers: { Location: 'Signed URL of the bytes' },
    },
  },
  errors: [...commonErrors, 'NO_SUCH_FILE', 'PRECONDITION_FAILED', 'RANGE_NOT_SATISFIABLE', 'DATA_LOSS'],
}

/** `/files`, which the files service answers. */
export const fileDocuments: readonly RouteDocument[] = [
  {
    ...route('POST', '/files', 'store', 'Store a file'),
    description:
      'As it is, or as `multipart/form-data` with one file or several. Bytes that their owner has already need not be sent: ' +
      'declare `sha256` and leave the body out.',
    parameters: z.object({ name, sha256, ttl }),
    headers: z.object({
      ...declared.shape,
      'Idempotency-Key': z.string().optional(),
      'Content-Disposition': z.string().optional().meta({ description: 'May have the name (RFC 6266)' }),
    }),
    body: { type: Form, media: ['multipart/form-data', 'application/octet-stream', bytes] },
    responses: stored,
    errors: [...commonErrors, ...refusals],
  },
  {
    ...route('GET', '/files', 'list', 'List files, newest first'),
    parameters: z.object({
      name: z.string().optional().meta({ description: 'With `*` for any text' }),
      sha256,
      limit: z.int().min(1).max(1_000).optional().meta({ description: '100 unless told' }),
      after: z.string().optional().meta({ description: '`next` of the page before' }),
    }),
    responses: { 200: { description: 'A page', content: json(FileList), headers: { Link: 'Files with the digest' } } },
    errors: [...commonErrors],
  },
  {
    ...route('PUT', '/files/:id', 'put', 'Store a file under a name'),
    description: 'The same bytes under the same name again are the same file.',
    parameters: z.object({ id: z.string().meta({ description: 'The name' }), sha256, ttl }),
    headers: declared,
    body: { type: z.string().meta({ format: 'binary' }), media: ['application/octet-stream', bytes] },
    responses: stored,
    errors: [...commonErrors, ...refusals],
  },
  {
    ...route('GET', '/files/:id', 'read', 'Read a file, or a range of it'),
    parameters: z.object({
      id,
      inline: z.string().optional().meta({ description: 'To be shown by a browser, where that does no harm' }),
    }),
    ...reading,
  },
  {
    ...route('GET', '/files/:id/metadata', 'describe', 'Describe a file'),
    parameters: z.object({ id }),
    responses: { 200: { description: 'It', content: json(FileDocument) } },
    errors: [...commonErrors, 'NO_SUCH_FILE'],
  },
  {
    ...route('DELETE', '/files/:id', 'delete', 'Delete a file; for a while it can come back'),
    parameters: z.object({ id }),
    headers: z.object({ 'If-Match': conditions.shape['If-Match'] }),
    responses: { 204: { description: 'Nobody sees it any more' } },
    errors: [...commonErrors, 'NO_SUCH_FILE', 'PRECONDITION_FAILED', 'CONFLICT'],
  },
  {
    ...route('POST', '/files/:id/restoration', 'restore', 'Bring a deleted file back'),
    parameters: z.object({ id }),
    responses: { 200: { description: 'It is back', content: json(FileDocument) } },
    errors: [...commonErrors, 'NO_SUCH_FILE', 'QUOTA_EXCEEDED'],
  },
  ...uploads(),
]

/** The resources of tus 1.0. */
function uploads(): RouteDocument[] {
  const errors: readonly Code[] = [...commonErrors, 'NO_SUCH_UPLOAD', 'UPLOAD_EXPIRED', 'PRECONDITION_FAILED']
  return [
    {
      ...route('POST', '/files/uploads', 'begin', 'Begin an upload that can go on after a cut (tus 1.0)'),
      headers: z.object({
        ...tus.shape,
        'Upload-Length': z.string().optional(),
        'Upload-Defer-Length': z.string().optional(),
        'Upload-Metadata': z
          .string()
          .optional()
          .meta({ description: '`filename`, `filetype`, `sha256`, `key`; in base64' }),
        'Upload-Concat': z.string().optional(),
      }),
      responses: {
        201: { description: 'It has begun', headers: { ...state, Location: 'Absolute URL of the upload' } },
      },
      errors: [...errors, ...refusals, 'CONFLICT', 'TOO_MANY_UPLOADS'],
    },
    {
      ...route('GET', '/files/uploads', 'findUploads', 'Find open uploads by a key of your own, newest first'),
      parameters: z.object({
        key: z.string().meta({ description: '`key` of their `Upload-Metadata`' }),
        limit: z.int().min(1).max(100).optional().meta({ description: '10 unless told' }),
      }),
      responses: { 200: { description: 'The uploads', content: json(UploadList) } },
      errors: [...commonErrors],
    },
    {
      ...route('GET', '/files/uploads/:id', 'uploaded', 'How far an upload is'),
      parameters: z.object({ id }),
      responses: { 200: { description: 'It', content: json(UploadDocument), headers: state } },
      errors,
    },
    {
      ...route('PATCH', '/files/uploads/:id', 'append', 'Go on with an upload'),
      parameters: z.object({ id }),
      headers: z.object({
        ...tus.shape,
        'Upload-Offset': z.string(),
        'Upload-Checksum': z.string().optional().meta({ description: '`sha1` or `sha256`, and base64' }),
      }),
      body: { type: z.string().meta({ format: 'binary' }), media: ['application/offset+octet-stream'] },
      responses: {
        204: { description: 'The bytes are here', headers: state },
        460: { description: 'The checksum is another; none of these bytes count' },
      },
      errors: [...errors, ...refusals, 'CONFLICT'],
    },
    {
      ...route('DELETE', '/files/uploads/:id', 'terminate', 'Give an upload up'),
      parameters: z.object({ id }),
      headers: tus,
      responses: { 204: { description: 'Nothing of it is left' } },
      errors,
    },
  ]
}

/** What is said of each route of a group, under the name that it has there. */
export function routesOf(group: string) {
  return (
    method: RouteDocument['method'],
    path: string,
    name: string,
    summary: string,
  ): Pick<RouteDocument, 'method' | 'path' | 'id' | 'tag' | 'summary'> => {
    return { method, path, id: `${group}_${name}`, tag: 'files', summary }
  }
}

export function json(type: z.ZodType): Readonly<Record<string, z.ZodType>> {
  return { 'application/json': type }
}
