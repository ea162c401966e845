import { FileId, FolderId } from '@warren/contracts'

/** A file as a request or a result refers to it (OGC API - Processes - Part 1, `link.yaml`). */
export interface FileLink {
  readonly href: string
  readonly rel?: string
  readonly type?: string
  readonly title?: string
  readonly sha256?: string
  readonly size?: number
}

/** A folder as a request refers to it; the executor adds what was in it when the job was accepted. */
export interface FolderLink extends FileLink {
  readonly entries?: unknown
}

/**
 * The id of a file of ours: `/files/{id}`, `file:{id}`, or the URL that a gateway has for it. An executor knows no
 * gateway's address, so any will do; whether there is such a file is another question.
 */
export function fileIdOf(href: string): string | undefined {
  const id = /^(?:file:|(?:.*\/)?files\/)([^/?#]+)$/.exec(pathOf(href))?.[1]
  return FileId.safeParse(id).success ? id : undefined
}

/** The name of a folder of ours: `/folders/{folder}`, or the URL that a gateway has for it. */
export function folderIdOf(href: string): string | undefined {
  const id = /^(?:.*\/)?folders\/([^/?#]+)\/?$/.exec(pathOf(href))?.[1]
  return FolderId.safeParse(id).success ? id : undefined
}

export function folderHref(id: string): string {
  return `/folders/${id}`
}

export function fileHref(id: string): string {
  return `/files/${id}`
}

/** JSON text of a result that is a file. It begins as the gateway expects it, which makes the URL an absolute one. */
export function resultLink({ id, type, name }: { id: string; type: string; name: string }): string {
  return JSON.stringify({ href: fileHref(id), rel: 'enclosure', type, title: name })
}

function pathOf(href: string): string {
  return URL.canParse(href) && /^https?:/.test(href) ? new URL(href).pathname : href
}
