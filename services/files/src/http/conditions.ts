/** What conditions are compared with. */
export interface Validators {
  /** Strong, with its quotes */
  readonly etag: string
  readonly modifiedAt: Date
}

/** What the conditions of a request come to, in the order of RFC 9110, section 13.2.2; undefined when all hold. */
export function failedCondition(
  method: string,
  headers: Headers,
  { etag, modifiedAt }: Validators,
): 304 | 412 | undefined {
  const isRead = method === 'GET' || method === 'HEAD'
  const ifMatch = headers.get('if-match')
  if (ifMatch !== null) {
    if (!names(ifMatch, etag, false)) return 412
  } else {
    const unmodified = seconds(headers.get('if-unmodified-since'))
    if (unmodified !== undefined && secondsOf(modifiedAt) > unmodified) return 412
  }
  const ifNoneMatch = headers.get('if-none-match')
  if (ifNoneMatch !== null) return names(ifNoneMatch, etag, true) ? (isRead ? 304 : 412) : undefined
  const modified = seconds(headers.get('if-modified-since'))
  return isRead && modified !== undefined && secondsOf(modifiedAt) <= modified ? 304 : undefined
}

/** Whether a `Range` counts: `If-Range` names exactly this representation, or is not there. */
export function rangeCounts(headers: Headers, { etag, modifiedAt }: Validators): boolean {
  const ifRange = headers.get('if-range')?.trim()
  if (ifRange === undefined || ifRange === etag) return true
  return !/^(W\/)?"/.test(ifRange) && seconds(ifRange) === secondsOf(modifiedAt)
}

function names(list: string, etag: string, isWeak: boolean): boolean {
  if (list.trim() === '*') return true
  return [...list.matchAll(/(W\/)?("[^"]*")/g)].some(([, weak, tag]) => tag === etag && (isWeak || weak === undefined))
}

function secondsOf(date: Date): number {
  return Math.floor(date.getTime() / 1_000)
}

/** Of an HTTP date; one that is none is ignored, as the standard wants. */
function seconds(date: string | null): number | undefined {
  const time = Date.parse(date ?? '')
  return Number.isNaN(time) ? undefined : Math.floor(time / 1_000)
}
