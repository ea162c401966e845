import { files, fromProblem } from '@warren/contracts'
import type { Context } from '../../context.ts'
import type { RequestContext } from '../../env.ts'

export interface Asked {
  readonly method: 'DELETE' | 'GET' | 'PATCH' | 'POST'
  /** Path and query */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface Answered {
  readonly headers: Headers
  readonly json: unknown
}

/**
 * Asks the files service for the caller, for small answers.
 *
 * @throws WarrenError that the service answers with, or as `openExchange`
 */
export async function askFiles(
  c: RequestContext,
  { apps }: Pick<Context, 'apps'>,
  { method, target, headers = {}, body }: Asked,
): Promise<Answered> {
  const { id: principal, roles } = c.get('principal')
  const { protocol, host } = new URL(c.get('base'))
  const answer = await apps.open(
    files.name,
    {
      method,
      target,
      scheme: protocol.slice(0, -1),
      authority: host,
      fields: Object.entries({ ...headers, ...(body && { 'content-length': String(body.byteLength) }) }),
      ...(body && { body: only(body) }),
    },
    { principal, roles, requestId: c.get('requestId'), signal: c.req.raw.signal, ...c.get('trace') },
  )
  const chunks: Uint8Array[] = []
  for (let chunk = await answer.body.read(); chunk; chunk = await answer.body.read()) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  const json: unknown = text === '' ? undefined : JSON.parse(text)
  if (answer.status >= 400) throw fromProblem(json)
  return { headers: new Headers(answer.fields.map(([name, value]): [string, string] => [name, value])), json }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
