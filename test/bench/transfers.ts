import { randomBytes } from 'node:crypto'
import { request, type IncomingMessage } from 'node:http'

/** Random, so that no two uploads are one blob; new for each upload in its first bytes only. */
const chunk = randomBytes(65_536)
export const MiB = 1_048_576

export interface Transfers {
  /** Bytes per second up, and the id of the file */
  upload(bytes: number): Promise<{ perSecond: number; id: string }>
  /** Bytes per second down */
  download(id: string): Promise<number>
}

/** Moves files to and from `<base>/files`, as fast as they are taken. */
export function transfersWith(base: string): Transfers {
  return { upload, download }

  async function upload(bytes: number): Promise<{ perSecond: number; id: string }> {
    const started = performance.now()
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const put = request(`${base}/files/bench.bin`, { method: 'PUT', headers: { 'content-length': bytes } }, resolve)
      put.on('error', reject)
      let left = bytes
      const first = Buffer.concat([randomBytes(16), chunk.subarray(16)])
      const send = (): void => {
        while (left > 0) {
          const part = (left === bytes ? first : chunk).subarray(0, left)
          left -= part.byteLength
          if (!put.write(part)) return void put.once('drain', send)
        }
        put.end()
      }
      send()
    })
    const { id } = JSON.parse(await textOf(answer)) as { id: string }
    if (answer.statusCode !== 201) throw new Error(`an upload was answered with ${answer.statusCode}`)
    return { perSecond: rate(bytes, started), id }
  }

  async function download(id: string): Promise<number> {
    const started = performance.now()
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${base}/files/${id}`, resolve).on('error', reject).end()
    })
    let bytes = 0
    for await (const part of answer) bytes += (part as Buffer).byteLength
    return rate(bytes, started)
  }
}

/** The middle one of three tries. */
export async function middle(measure: () => Promise<number>): Promise<number> {
  const tries: number[] = []
  for (let n = 0; n < 3; n++) tries.push(await measure())
  return tries.toSorted((a, b) => a - b)[1] ?? NaN
}

function rate(bytes: number, since: number): number {
  return (bytes / (performance.now() - since)) * 1_000
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of answer) text += String(part)
  return text
}
