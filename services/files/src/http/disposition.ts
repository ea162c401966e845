/** Types that a browser may show: none of them can run anything. */
const harmless = new Set([
  'application/json',
  'application/pdf',
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'text/csv',
  'text/plain',
])

/** `Content-Disposition` (RFC 6266): a name that every client understands, and the right one for those of this century. */
export function disposition(name: string, mediaType: string, wantsInline: boolean): string {
  const isInline = wantsInline && harmless.has(mediaType.split(';')[0]?.trim().toLowerCase() ?? '')
  const plain = name.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\%]/g, '_')
  const extended = plain === name ? '' : `; filename*=UTF-8''${encode(name)}`
  return `${isInline ? 'inline' : 'attachment'}; filename="${plain}"${extended}`
}

/** The name in a `Content-Disposition` of a request, if there is one. */
export function dispositionName(header: string | undefined): string | undefined {
  const [, extended] = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header ?? '') ?? []
  if (extended !== undefined) return decode(extended)
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\s]+))/i.exec(header ?? '') ?? []
  if (quoted === undefined) return bare
  // headers are bytes that were read as Latin-1; clients that send others mean UTF-8
  const text = quoted.replaceAll(/\\(.)/g, '$1')
  const asUtf8 = Buffer.from(text, 'latin1').toString()
  return asUtf8.includes('\ufffd') ? text : asUtf8
}

/** RFC 8187 */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
