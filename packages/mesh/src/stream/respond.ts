import { frameHeaders, frameTypes, WarrenError } from '@warren/contracts'
import { byteSource } from './byte-source.ts'
import type { End } from './end.ts'
import { declaredLength, endToEnd, printFields, type Fields } from './fields.ts'
import { gather } from './gather.ts'

const withoutBody = new Set([204, 205, 304])

export interface Responding {
  readonly isHead: boolean
  /** Of the request: the body is cancelled with it. */
  readonly signal: AbortSignal
  readonly trailers: () => Fields
  /** Called with the head, before any of a streamed body */
  readonly begun: () => void
}

/**
 * Sends what the app answered: the head as soon as it is known, the body as it is produced.
 *
 * @throws what the body of the response fails with
 */
export async function respond(
  end: End,
  response: Response,
  { isHead, signal, trailers, begun }: Responding,
): Promise<void> {
  const fields = endToEnd([...response.headers])
  if (isHead || withoutBody.has(response.status) || !response.body) {
    await response.body?.cancel()
    const bare = isHead || response.status < 200 || withoutBody.has(response.status)
    return sendHead('none', undefined, bare ? undefined : 0)
  }
  const source = byteSource(response.body)
  const stop = (): void => source.cancel(signal.reason)
  if (signal.aborted) return stop()
  signal.addEventListener('abort', stop)
  const body = await gather(source)
  const isWhole = body.kind !== 'stream' && trailers().length === 0
  if (isWhole) {
    const bytes = body.kind === 'inline' ? body.bytes : Buffer.alloc(0)
    return sendHead(body.kind, bytes, bytes.byteLength)
  }
  sendHead('stream')
  if (body.kind === 'inline') await end.outflow.write(body.bytes)
  if (body.kind === 'stream') for await (const chunk of body.chunks) await end.outflow.write(chunk)
  checkLength(end.outflow.bytes())
  end.outflow.end(trailers())

  function sendHead(kind: 'none' | 'inline' | 'stream', bytes?: Buffer, length?: number): void {
    if (kind !== 'stream' && length !== undefined) checkLength(length)
    const isDeclared = length === undefined || declaredLength(fields) !== undefined
    const all: Fields = isDeclared ? fields : [...fields, ['content-length', String(length)]]
    end.send(
      frameTypes.head,
      {
        [frameHeaders.status]: response.status,
        [frameHeaders.fields]: printFields(all),
        [frameHeaders.body]: kind,
      },
      bytes,
    )
    begun()
  }

  function checkLength(bytes: number): void {
    const declared = declaredLength(fields)
    if (declared !== undefined && declared !== bytes) {
      throw new WarrenError('INTERNAL', `The app declared a body of ${declared} bytes and made one of ${bytes}`)
    }
  }
}
