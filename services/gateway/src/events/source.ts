/** One thing on its way to readers: its place in the order of its kind, and its frame as server-sent event. */
export interface Frame {
  readonly place: string
  readonly bytes: Uint8Array
}

export interface Page {
  readonly frames: readonly Frame[]
  /** Behind everything that was read: where the next page begins. */
  readonly end: string
  /** There is more to read at once. */
  readonly more: boolean
  /** Nothing is going to follow. */
  readonly over: boolean
}

/** What a feed reads from: rows in the order of their places, to which nothing is ever added before what was read. */
export interface Source {
  /** @throws WarrenError */
  read(after: string): Promise<Page>
}

/** Places are decimal numbers, the most significant first, parted by `-`. Negative when `a` comes first. */
export function comparePlaces(a: string, b: string): number {
  const [major = '', minor = ''] = a.split('-')
  const [otherMajor = '', otherMinor = ''] = b.split('-')
  return compareDigits(major, otherMajor) || compareDigits(minor, otherMinor)
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [trim(a), trim(b)]
  if (x.length !== y.length) return x.length - y.length
  return x === y ? 0 : x < y ? -1 : 1
}

function trim(digits: string): string {
  return digits.startsWith('0') ? digits.replace(/^0+/, '') : digits
}
