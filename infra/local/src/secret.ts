import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** A password that is generated once and then kept in a file of its owner only. */
export function secret(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim()
  const word = randomBytes(24).toString('base64url')
  writeFileSync(path, `${word}\n`, { mode: 0o600 })
  return word
}
