import { WarrenError } from '@warren/contracts'

/** Media ranges of an `Accept` header, best first (RFC 9110, section 12.5.1); none stands for anything. */
function ranges(accept: string | undefined): { type: string; q: number }[] {
  if (accept === undefined || accept.trim() === '') return [{ type: '*/*', q: 1 }]
  return accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    return { type, q: q === undefined ? 1 : Number(q.slice(2)) || 0 }
  })
}

/** The best of the offered media types, the first among equals; `undefined` when none is acceptable. */
export function negotiate(accept: string | undefined, offered: readonly string[]): string | undefined {
  const wanted = ranges(accept)
  const rated = offered.map((type) => ({ type, q: quality(bare(type), wanted) })).filter(({ q }) => q > 0)
  return rated.toSorted((a, b) => b.q - a.q)[0]?.type
}

/** Whether the client names this media type itself, not only by a wildcard. */
export function names(accept: string | undefined, type: string): boolean {
  return accept !== undefined && ranges(accept).some((range) => range.type === type && range.q > 0)
}

/** @throws WarrenError NOT_ACCEPTABLE when the client refuses JSON */
export function requireJson(accept: string | undefined): void {
  if (accept === undefined || accept.includes('application/json') || accept.includes('*/*')) return
  if (negotiate(accept, ['application/json'])) return
  throw new WarrenError('NOT_ACCEPTABLE', 'This resource is available as application/json')
}

function quality(type: string, wanted: readonly { type: string; q: number }[]): number {
  const [main = ''] = type.split('/')
  for (const candidate of [type, `${main}/*`, '*/*']) {
    const range = wanted.find((range) => range.type === candidate)
    if (range) return range.q
  }
  return 0
}

function bare(type: string): string {
  return (type.split(';')[0] as string).trim().toLowerCase()
}
