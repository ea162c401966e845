import type { Readable } from 'node:stream'

/** Hands on the lines that have come whole, all of a chunk at once. */
export function onLines(stream: Readable, take: (lines: readonly string[]) => void): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    take(lines)
  })
}
