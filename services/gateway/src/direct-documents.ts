import { commonErrors, FileDocument, UploadPlace, type Code, type RouteDocument } from '@warren/contracts'
import { z } from 'zod'
import { json } from './file-documents.ts'

const about = { method: 'POST', tag: 'files', parameters: z.object({ id: z.string() }) } as const
const errors: readonly Code[] = [...commonErrors, 'NO_SUCH_UPLOAD', 'UPLOAD_EXPIRED', 'CONFLICT', 'TOO_LARGE']

/** Uploads whose bytes go to where they are kept, past the gateway. */
export const directDocuments: readonly RouteDocument[] = [
  {
    ...about,
    path: '/files/uploads/:id/url',
    id: 'files_placeUpload',
    summary: 'Where to send the bytes of an upload, past the gateway',
    description:
      'Of an upload that has begun with `Upload-Length` and `sha256`, where the store is a server that clients can reach. ' +
      'The URL is bound to the length and the checksum.',
    responses: { 200: { description: 'The place', content: json(UploadPlace) } },
    errors,
  },
  {
    ...about,
    path: '/files/uploads/:id/completion',
    id: 'files_completeUpload',
    summary: 'Make a file of what was sent there',
    description: 'After it was compared; it may be sent again when it is something else. To be repeated without harm.',
    responses: { 200: { description: 'The file', content: json(FileDocument) } },
    errors: [...errors, 'DIGEST_MISMATCH', 'QUOTA_EXCEEDED'],
  },
]
