import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Child } from './child.ts'
import { line } from './report.ts'

const maxBytes = 20_000_000
/** The levels that are shown; pino writes them as numbers, or as labels when it is told to. */
const levels: Record<number | string, string> = {
  40: 'warning',
  50: 'error',
  60: 'fatal',
  warn: 'warning',
  error: 'error',
  fatal: 'fatal',
}

/** Writes what a service prints to its log file, and shows on the terminal what a person should see. */
export function followService(child: Child, path: string): void {
  if (existsSync(path) && statSync(path).size > maxBytes) renameSync(path, `${path}.1`)
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 })
  let open = 2
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    stream.pipe(file, { end: false })
    stream.once('close', () => --open === 0 && file.end())
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (text) => {
      const shown = readable(text)
      if (shown) line(`${child.name.padEnd(8)} ${shown}`)
    })
  }
}

/** One line for people: nothing for log lines below a warning, other text as it is. */
export function readable(text: string): string | undefined {
  if (!text.startsWith('{')) return text.trim() || undefined
  try {
    const entry = JSON.parse(text) as { level?: number | string; msg?: string; err?: { message?: string } }
    if (entry.level === undefined) return text
    const level = levels[entry.level]
    if (!level) return undefined
    const detail = entry.err?.message
    const said = entry.msg ?? ''
    return `${level}: ${said}${detail && detail !== said ? `: ${detail}` : ''}`
  } catch {
    return text
  }
}
