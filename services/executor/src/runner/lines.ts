const NEWLINE = 10

/**
 * Cuts a byte stream into lines. A line of more than `maxBytes` is handed to `onOverflow` by its beginning; its rest is
 * skipped, so that memory stays bounded whatever a child writes.
 */
export function lineReader(maxBytes: number, onLine: (line: string) => void, onOverflow: (start: string) => void) {
  let parts: Buffer[] = []
  let held = 0
  let skipping = false
  return { push, end }

  function push(chunk: Buffer) {
    let start = 0
    for (let stop = chunk.indexOf(NEWLINE); stop !== -1; stop = chunk.indexOf(NEWLINE, start)) {
      take(chunk, start, stop)
      finish()
      start = stop + 1
    }
    take(chunk, start, chunk.length)
  }

  /** What was written without a line end is a line, too. */
  function end() {
    if (held > 0) finish()
  }

  function take(chunk: Buffer, start: number, stop: number) {
    if (skipping || start === stop) return
    parts.push(start === 0 && stop === chunk.length ? chunk : chunk.subarray(start, stop))
    held += stop - start
    if (held <= maxBytes) return
    skipping = true
    onOverflow(text().slice(0, maxBytes))
    parts = []
    held = 0
  }

  function finish() {
    const line = skipping ? undefined : text()
    parts = []
    held = 0
    skipping = false
    if (line !== undefined) onLine(line)
  }

  function text() {
    return (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString()
  }
}
