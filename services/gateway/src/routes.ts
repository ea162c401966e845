import { parseHttp, pathParameters, pointer, WarrenError, type Operation, type Service } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import { readJsonObject } from './body.ts'
import { callOptions } from './call-options.ts'
import type { Config } from './config.ts'
import type { App, RequestContext } from './env.ts'

type Call = (input: unknown, options?: CallOptions) => Promise<unknown>
export type Clients = Readonly<Record<string, object>>

const withBody = new Set(['POST', 'PUT', 'PATCH'])

/** One route for every operation that has an HTTP form, except those that are written by hand. */
export function derivedRoutes(app: App, services: readonly Service[], clients: Clients, config: Config): void {
  for (const operation of services.flatMap((service) => Object.values(service.operations))) {
    if (operation.http === undefined || operation.handWritten) continue
    const { method, path } = parseHttp(operation.http)
    const call = (clients[operation.service] as Record<string, Call>)[operation.key] as Call

    app.on(method, path, async function handleOperation(c) {
      const input = await readInput(c, operation, config)
      const output = await call(input, callOptions(c))
      const status = operation.success ?? 200
      return status === 204 ? c.body(null, status) : c.json(output, status)
    })
  }
}

/** Path, query and body as one flat input. @throws WarrenError BAD_QUERY or BAD_INPUT, saying what does not fit where */
async function readInput(c: RequestContext, operation: Operation, config: Config): Promise<unknown> {
  const path = Object.fromEntries(pathParameters(operation.http).map((name) => [name, c.req.param(name)]))
  const query = c.req.query()
  const unknown = Object.keys(query).find((name) => !(name in operation.input.shape) || name in path)
  if (unknown !== undefined) throw unknownParameter(unknown)
  const hasBody = withBody.has(c.req.method) && Object.keys(operation.input.shape).some((name) => !(name in path))
  const body = hasBody ? (await readJsonObject(c, config.maxBodyBytes)).value : {}

  const parsed = operation.input.safeParse({ ...query, ...body, ...path })
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map(({ path, code, message }) => ({ pointer: pointer(path), code, message }))
  const isQuery = parsed.error.issues.every(({ path: [name] }) => String(name) in query)
  throw new WarrenError(isQuery ? 'BAD_QUERY' : 'BAD_INPUT', `${errors.length} problem(s) in the input`, { errors })
}

export function unknownParameter(name: string): WarrenError {
  return new WarrenError('BAD_QUERY', `There is no query parameter "${name}" here`, {
    errors: [{ pointer: `/${name}`, code: 'unknown', message: 'is not known here' }],
  })
}
