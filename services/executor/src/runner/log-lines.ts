const NEWLINE = 10
const maxLineLength = 16_384

/**
 * Cuts a log into lines, as many at a time as a chunk holds: a flood then costs a split a chunk, not a conversion a
 * line. `bytes` is their size with the line ends. A line over the limit is cut, so that memory stays bounded.
 */
export function logReader(onLines: (lines: readonly string[], bytes: number) => void) {
  let held: Buffer[] = []
  let heldBytes = 0
  let skipping = false
  return { push, end }

  function push(chunk: Buffer) {
    const stop = chunk.lastIndexOf(NEWLINE)
    if (stop === -1) return hold(chunk)
    // No character contains the byte of a line end, so none is torn here.
    const lines = take(chunk.subarray(0, stop)).toString().split('\n')
    if (skipping) lines.shift()
    skipping = false
    hand(lines)
    hold(chunk.subarray(stop + 1))
  }

  /** What was written without a line end is a line, too. */
  function end() {
    if (heldBytes > 0) hand([take().toString()])
  }

  function hold(piece: Buffer) {
    if (skipping || piece.length === 0) return
    held.push(piece)
    heldBytes += piece.length
    if (heldBytes <= maxLineLength) return
    skipping = true
    hand([take().toString()])
  }

  function take(last?: Buffer) {
    const all = last && heldBytes === 0 ? last : Buffer.concat(last ? [...held, last] : held)
    held = []
    heldBytes = 0
    return all
  }

  function hand(lines: string[]) {
    if (lines.length === 0) return
    const cut = lines.map(cutLine)
    onLines(cut, bytesOf(cut))
  }
}

export function cutLine(line: string): string {
  return line.length > maxLineLength ? `${line.slice(0, maxLineLength)} … (cut)` : line
}

export function bytesOf(lines: readonly string[]): number {
  return lines.length === 1 ? Buffer.byteLength(lines[0]!) + 1 : Buffer.byteLength(lines.join('\n')) + 1
}
