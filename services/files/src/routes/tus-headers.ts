import { WarrenError } from '@warren/contracts'
import { hexadecimal } from '../http/digest.ts'
import { fileName, mediaTypeOf, UNNAMED } from '../http/name.ts'
import type { Checksum } from '../uploads/append.ts'
import type { Creation } from '../uploads/create.ts'

/** @throws WarrenError BAD_INPUT */
export function readCreation(headers: Headers): Creation {
  const metadata = headers.get('upload-metadata')
  const values = readMetadata(metadata ?? '')
  const concat = headers.get('upload-concat')?.split(';')[0]
  if (concat !== undefined && concat !== 'partial' && concat !== 'final') throw bad('Upload-Concat')
  const length = readInteger(headers, 'upload-length')
  const isDeferred = headers.get('upload-defer-length') === '1'
  if (concat !== 'final' && (length === undefined) !== isDeferred) {
    throw new WarrenError('BAD_INPUT', 'Send either Upload-Length or "Upload-Defer-Length: 1"')
  }
  const given = values.get('filename') ?? values.get('name')
  const name = given === undefined || given === '' ? UNNAMED : fileName(given)
  const sha256 = values.get('sha256')
  return {
    length: length ?? null,
    name,
    mediaType: mediaTypeOf(values.get('filetype') ?? values.get('type'), name),
    declared: sha256 === undefined ? null : hexadecimal(sha256),
    metadata,
    concat,
  }
}

/** The ids of the uploads that make up a final one. */
export function readConcat(headers: Headers): string[] {
  const [kind, urls] = headers.get('upload-concat')?.split(';') ?? []
  if (kind !== 'final') return []
  const ids =
    urls
      ?.trim()
      .split(/\s+/)
      .map((url) => /\/files\/uploads\/([\w-]+)$/.exec(url)?.[1]) ?? []
  if (ids.length === 0 || ids.includes(undefined)) throw bad('Upload-Concat')
  return ids as string[]
}

/** @throws WarrenError BAD_INPUT, also for other algorithms than those announced */
export function readChecksum(headers: Headers): Checksum | undefined {
  const header = headers.get('upload-checksum')
  if (header === null) return undefined
  const [, algorithm, value] = /^(sha1|sha256) ([A-Za-z0-9+/]+={0,2})$/.exec(header) ?? []
  if (value === undefined) throw bad('Upload-Checksum')
  return { algorithm: algorithm as Checksum['algorithm'], value }
}

export function readInteger(headers: Headers, name: string, isNeeded: true): number
export function readInteger(headers: Headers, name: string): number | undefined
/** @throws WarrenError BAD_INPUT */
export function readInteger(headers: Headers, name: string, isNeeded = false): number | undefined {
  const header = headers.get(name)
  if (header === null && !isNeeded) return undefined
  if (header !== null && /^\d{1,15}$/.test(header)) return Number(header)
  throw bad(name)
}

/** Keys with base64 values, separated by commas. @throws WarrenError BAD_INPUT */
export function readMetadata(header: string): Map<string, string> {
  const pairs = header.split(',').filter((pair) => pair.trim() !== '')
  return new Map(
    pairs.map((pair) => {
      const [key, value = '', ...more] = pair.trim().split(' ')
      if (key === undefined || more.length > 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw bad('Upload-Metadata')
      return [key.toLowerCase(), Buffer.from(value, 'base64').toString()]
    }),
  )
}

function bad(header: string): WarrenError {
  return new WarrenError('BAD_INPUT', `The header ${header} is missing or malformed`)
}
