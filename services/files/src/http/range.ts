import type { ByteRange } from '../store/store.ts'

/**
 * The part that a `Range` header asks for (RFC 9110, section 14.1.2). One range only; a header that is malformed, or
 * asks for several, is ignored as the standard allows, and so the whole is sent.
 */
export function byteRange(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const length = Math.min(Number(last), bytes)
    return length === 0 ? 'unsatisfiable' : { from: bytes - length, to: bytes }
  }
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= bytes) return 'unsatisfiable'
  return { from: Number(first), to: last === '' ? bytes : Math.min(Number(last) + 1, bytes) }
}
