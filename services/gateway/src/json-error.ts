import { WarrenError } from '@warren/contracts'

const space = /[ \t\n\r]*/y
const scalar = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y

/** Says where text stops being JSON; the engine's own message often has no position. */
export function describeJsonError(text: string): WarrenError {
  const position = jsonErrorAt(text)
  const before = text.slice(0, position)
  const line = before.split('\n').length
  const column = position - before.lastIndexOf('\n')
  const what = position >= text.trimEnd().length ? 'ends too early' : 'is not JSON'
  return new WarrenError('BAD_INPUT', `The body ${what} at line ${line}, column ${column}`, {
    errors: [{ pointer: '', code: 'json', message: `line ${line}, column ${column}` }],
    more: { position, line, column },
  })
}

/** Position of the first character that no JSON text could have there; the length of the text when it ends too early. */
export function jsonErrorAt(text: string): number {
  const closers: string[] = []
  let at = 0
  // "first" may also be the end of an empty object or array
  let wants: 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'next' = 'value'

  function take(token: RegExp): boolean {
    token.lastIndex = at
    if (!token.test(text)) return false
    at = token.lastIndex
    return true
  }

  function takeString(): boolean {
    const end = endOfString(text, at)
    if (end === -1) return false
    at = end
    return true
  }

  for (;;) {
    take(space)
    const char = text[at]
    const closer = closers.at(-1)
    const isValue = wants === 'value' || wants === 'first value'
    if (char === undefined) return at
    if (char === closer && (wants === 'next' || wants.startsWith('first'))) {
      at++
      closers.pop()
      wants = 'next'
    } else if ((wants === 'name' || wants === 'first name') && takeString()) {
      wants = 'colon'
    } else if (wants === 'colon' && char === ':') {
      at++
      wants = 'value'
    } else if (wants === 'next' && char === ',' && closer) {
      at++
      wants = closer === '}' ? 'name' : 'value'
    } else if (isValue && (char === '{' || char === '[')) {
      at++
      closers.push(char === '{' ? '}' : ']')
      wants = char === '{' ? 'first name' : 'first value'
    } else if (isValue && (takeString() || take(scalar))) {
      wants = 'next'
    } else {
      return at
    }
  }
}

const escapes = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y

/** Position behind the string at `at`, or -1. A loop, because an expression would need memory for every character. */
function endOfString(text: string, at: number): number {
  if (text[at] !== '"') return -1
  for (let end = at + 1; end < text.length; end++) {
    const char = text[end] as string
    if (char === '"') return end + 1
    if (char < ' ') return -1
    if (char !== '\\') continue
    escapes.lastIndex = end
    if (!escapes.test(text)) return -1
    end = escapes.lastIndex - 1
  }
  return -1
}
