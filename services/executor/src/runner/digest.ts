import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

const maxFiles = 1000
const maxBytes = 256 * 2 ** 20

/** Names that neither belong to a process nor tell of a change of it. */
export function isIgnored(name: string): boolean {
  return name.startsWith('.') || name === 'node_modules' || name === '__pycache__'
}

/** SHA-256 in hexadecimal over the names and contents of a folder's files. Throws if there is too much to read. */
export async function digestFolder(folder: string): Promise<string> {
  const hash = createHash('sha256')
  let files = 0
  let bytes = 0
  await walk('')
  return hash.digest('hex')

  async function walk(below: string) {
    const entries = await readdir(join(folder, below), { withFileTypes: true })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const name = below ? `${below}/${entry.name}` : entry.name
      if (isIgnored(entry.name)) continue
      if (entry.isDirectory()) await walk(name)
      else await add(name)
    }
  }

  async function add(name: string) {
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    // Links to folders and to nowhere, sockets: not part of it.
    if (!found?.isFile()) return
    files++
    bytes += found.size
    if (files > maxFiles || bytes > maxBytes) {
      throw new Error(`the folder holds more than ${maxFiles} files or ${maxBytes / 2 ** 20} MiB; keep data elsewhere`)
    }
    const content = await readFile(path)
    hash.update(`${name}\0${content.length}\0`).update(content)
  }
}
