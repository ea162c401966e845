import { z } from 'zod'
import { defineService } from './operation.ts'

export const FileId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{21}$/)
  .meta({ description: 'Id of a file' })

export const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: 'SHA-256 of the bytes, hexadecimal' })

const FileFacts = z.object({
  id: FileId,
  name: z.string(),
  size: z.int().meta({ description: 'Bytes' }),
  sha256: Sha256,
  type: z.string().meta({ description: 'Media type, as it was declared' }),
})

export const Link = z.object({ href: z.string(), rel: z.string(), type: z.string().optional() })

/** A file: immutable bytes under a name. */
export const FileDocument = FileFacts.extend({
  created: z.iso.datetime(),
  expires: z.iso.datetime().optional(),
  links: z.array(Link),
}).meta({ id: 'File' })

export type FileDocument = z.infer<typeof FileDocument>

export const FileList = z
  .object({
    files: z.array(FileDocument),
    next: z.string().nullable().meta({ description: '`after` of the next page' }),
    links: z.array(Link),
  })
  .meta({ id: 'FileList' })
export type FileList = z.infer<typeof FileList>

/** An upload that goes on where it stopped (tus 1.0). */
export const UploadDocument = z
  .object({
    id: z.string(),
    offset: z.int().meta({ description: 'Bytes that are here' }),
    length: z.int().nullable().meta({ description: 'Bytes in all; null until it is told' }),
    expires: z.iso.datetime(),
    file: z.string().nullable().meta({ description: 'The file that it became' }),
  })
  .meta({ id: 'Upload' })

export const UploadList = z
  .object({
    uploads: z.array(
      UploadDocument.extend({ metadata: z.record(z.string(), z.string()).meta({ description: '`Upload-Metadata`' }) }),
    ),
  })
  .meta({ id: 'UploadList' })
export type UploadList = z.infer<typeof UploadList>

/** Where the bytes of an upload can be sent to by the client itself, for a while. */
export const UploadPlace = z
  .object({
    method: z.literal('PUT'),
    href: z.url(),
    headers: z.record(z.string(), z.string()).meta({ description: 'To be sent as they are' }),
    expires: z.iso.datetime(),
  })
  .meta({ id: 'UploadPlace' })

/** Bytes travel over the stream tunnel, which this service is an app of; it has no operations of the call kind. */
export const files = defineService('files', {
  operations: {},
  events: {
    fileStored: {
      summary: 'A file was stored',
      topic: 'file.:id.stored',
      data: FileFacts.extend({ owner: z.string() }),
    },
    fileDeleted: {
      summary: 'A file was deleted, or its time was over',
      topic: 'file.:id.deleted',
      data: FileFacts.extend({ owner: z.string() }),
    },
  },
})
