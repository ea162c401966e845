import { WarrenError } from '@warren/contracts'
import { getMimeType } from 'hono/utils/mime'

const MAX_BYTES = 255
export const UNNAMED = 'unnamed'

/**
 * A name that a file may have in any folder: what stands before it in a path is left out.
 *
 * @throws WarrenError BAD_INPUT
 */
export function fileName(given: string): string {
  const name = given.toWellFormed().split(/[/\\]/).at(-1) ?? ''
  // oxlint-disable-next-line no-control-regex -- these are what must not be in it
  const isName = name !== '' && name !== '.' && name !== '..' && !/[\u0000-\u001f\u007f]/.test(name)
  if (!isName || Buffer.byteLength(name) > MAX_BYTES) {
    throw new WarrenError('BAD_INPUT', `A name has 1 to ${MAX_BYTES} bytes, and no control characters`)
  }
  return name
}

const unspecific = new Set(['application/octet-stream', 'application/x-www-form-urlencoded'])

/** The declared media type; of one that says nothing, or that tools send for whatever they are given, that of the name. */
export function mediaTypeOf(declared: string | undefined, name: string): string {
  const type = declared?.trim() ?? ''
  const isType = type.length <= 255 && /^[\w.+-]+\/[\w.+-]+(\s*;\s*[\w.+-]+=("[^"\\]*"|[\w.+-]+))*$/.test(type)
  if (isType && !unspecific.has(type.toLowerCase())) return type
  return getMimeType(name)?.replace(/;\s*charset=utf-8$/, '') ?? 'application/octet-stream'
}
