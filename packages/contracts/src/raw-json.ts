/**
 * Raw JSON text, cut without being parsed. Results of user code travel as the text that the runner printed, because a
 * parse and a stringify would turn `1.0` into `1` and round integers above 2^53.
 *
 * The text must be JSON that somebody has checked (a runner's line, a `json` column): these functions find member
 * boundaries, they do not validate.
 */

const QUOTE = 34
const COMMA = 44
const COLON = 58
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** The top-level members of the object text `text`, each value as its raw text. A repeated name is returned repeatedly. */
export function members(text: string): [name: string, raw: string][] {
  const found: [string, string][] = []
  let at = skipSpace(text, 0)
  if (text.charCodeAt(at) !== OPEN_BRACE) throw new SyntaxError('expected a JSON object')
  at = skipSpace(text, at + 1)
  while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACE) {
    const nameEnd = endOfString(text, at)
    const name = JSON.parse(text.slice(at, nameEnd)) as string
    at = skipSpace(text, nameEnd)
    if (text.charCodeAt(at) !== COLON) throw new SyntaxError(`expected ":" at position ${at}`)
    const start = skipSpace(text, at + 1)
    const end = endOfValue(text, start)
    found.push([name, text.slice(start, end)])
    at = skipSpace(text, end)
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1)
  }
  return found
}

/** The raw text of one top-level member; the last one wins, as in `JSON.parse`. */
export function member(text: string, name: string): string | undefined {
  return members(text).findLast(([key]) => key === name)?.[1]
}

/** The object text with these members, in this order. */
export function object(entries: Iterable<readonly [name: string, raw: string]>): string {
  let text = ''
  for (const [name, raw] of entries) text += `${text ? ',' : ''}${JSON.stringify(name)}:${raw}`
  return `{${text}}`
}

function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= 32) at++
  return at
}

function endOfString(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) throw new SyntaxError(`expected a string at position ${at}`)
  let end = text.indexOf('"', at + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  if (end === -1) throw new SyntaxError('unterminated string')
  return end + 1
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

function endOfValue(text: string, at: number): number {
  const first = text.charCodeAt(at)
  if (first === QUOTE) return endOfString(text, at)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNesting(text, at)
  while (at < text.length && !isDelimiter(text.charCodeAt(at))) at++
  return at
}

function endOfNesting(text: string, at: number): number {
  for (let depth = 0; at < text.length;) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at)
      continue
    }
    at++
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at
  }
  throw new SyntaxError('unterminated object or array')
}

function isDelimiter(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 32
}
