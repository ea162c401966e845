import { FileId } from '@warren/contracts'

/** A file as a request or a result refers to it (OGC API - Processes - Part 1, `link.yaml`). */
export interface FileLink {
  readonly href: string
  readonly rel?: string
  readonly type?: string
  readonly title?: string
  readonly sha256?: string
  readonly size?: number
}

/**
 * The id of a file of ours: `/files/{id}`, `file:{id}`, or the URL that a gateway has for it. An executor knows no
 * gateway's address, so any will do; whether there is such a file is another question.
 */
export function fileIdOf(href: string): string | undefined {
  const path = URL.canParse(href) && /^https?:/.test(href) ? new URL(href).pathname : href
  const id = /^(?:file:|(?:.*\/)?files\/)([^/?#]+)$/.exec(path)?.[1]
  return FileId.safeParse(id).success ? id : undefined
}

export function fileHref(id: string): string {
  return `/files/${id}`
}

/** JSON text of a result that is a file. It begins as the gateway expects it, which makes the URL an absolute one. */
export function resultLink({ id, type, name }: { id: string; type: string; name: string }): string {
  return JSON.stringify({ href: fileHref(id), rel: 'enclosure', type, title: name })
}
