/**
 * A pattern of AMQP topics as a regular expression on `.topic`, the topic behind a dot: `*` is one word, `#` any number
 * of them, none included.
 */
export function matcherOf(pattern: string): string {
  const parts = pattern.split('.').map((word) => {
    if (word === '*') return '\\.[^.]+'
    return word === '#' ? '(\\.[^.]+)*' : `\\.${word}`
  })
  return `^${parts.join('')}$`
}
