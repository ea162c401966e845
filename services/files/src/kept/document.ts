import type { FileDocument } from '@warren/contracts'
import type { Validators } from '../http/conditions.ts'
import type { FileRow } from './find.ts'

/** A file as clients see it; `base` is that of absolute links. */
export function fileDocument(
  { id, name, size, digest, mediaType, createdAt, expiresAt }: FileRow,
  base: string,
): FileDocument {
  const href = fileUrl(base, id)
  return {
    id,
    name,
    size,
    sha256: digest,
    type: mediaType,
    created: createdAt.toISOString(),
    ...(expiresAt && { expires: expiresAt.toISOString() }),
    links: [
      { href, rel: 'enclosure', type: mediaType },
      { href: `${href}/metadata`, rel: 'self', type: 'application/json' },
    ],
  }
}

export function fileUrl(base: string, id: string): string {
  return `${base}/files/${id}`
}

/** What conditions of requests are compared with. */
export function validatorsOf({ digest, createdAt }: FileRow): Validators {
  return { etag: `"${digest}"`, modifiedAt: createdAt }
}
