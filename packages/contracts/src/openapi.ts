import { z } from 'zod'
import { catalogue, commonErrors, type Code } from './errors.ts'
import { createSchemaBook, type Schema, type SchemaBook } from './json-schema.ts'
import { parseHttp, pathParameters, type Method, type Operation, type Service } from './operation.ts'
import { ProblemDocument } from './problem-document.ts'

/** One HTTP route as it is documented. */
export interface RouteDocument {
  readonly method: Method
  /** With `:name` for path parameters. */
  readonly path: string
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Path, query and header parameters; what the path does not name is a query parameter, unless `headers` has it. */
  readonly parameters?: z.ZodObject
  readonly headers?: z.ZodObject
  readonly body?: { readonly type: z.ZodType; readonly media?: readonly string[]; readonly example?: unknown }
  readonly responses: Readonly<Record<number, ResponseDocument>>
  readonly errors: readonly Code[]
}

export interface ResponseDocument {
  readonly description: string
  /** Media type → schema; `null` for bytes. */
  readonly content?: Readonly<Record<string, z.ZodType | null>>
  /** Header name → what it says. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface OpenApi {
  readonly openapi: string
  readonly paths: Record<string, Record<string, unknown>>
  readonly [member: string]: unknown
}

const securitySchemes = { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } }
const withBody = new Set<Method>(['POST', 'PUT', 'PATCH'])
const everywhere: readonly Code[] = ['BAD_QUERY', 'UNAUTHENTICATED', 'FORBIDDEN', 'INTERNAL']
const jsonBody: readonly Code[] = ['BAD_INPUT', 'TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE']

/**
 * OpenAPI 3.1: one route for every operation that has an HTTP form, and `routes` for what a contract does not say. A
 * route of `routes` takes the place of the one derived for the same method and path.
 */
export function openapi(services: readonly Service[], info: Schema, routes: readonly RouteDocument[] = []): OpenApi {
  const book = createSchemaBook('#/components/schemas/')
  const problem = book.schema(ProblemDocument)
  const paths: OpenApi['paths'] = {}
  const written = new Set(routes.map(keyOf))
  const derived = services
    .flatMap((service) => Object.values(service.operations))
    .filter((operation) => operation.http !== undefined)
    .map(derivedRoute)
    .filter((route) => !written.has(keyOf(route)))
  const all = [...routes, ...derived].toSorted((a, b) => a.path.localeCompare(b.path))
  for (const route of all) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationObject(route, book, problem) }
  }
  const tags = [...new Set(all.map((route) => route.tag))].toSorted().map((name) => ({ name }))
  return { openapi: '3.1.0', tags, ...info, paths, components: { securitySchemes, schemas: book.named } }
}

/** The document of the route that is derived from an operation. */
export function derivedRoute(operation: Operation): RouteDocument {
  const { method, path } = parseHttp(operation.http as NonNullable<Operation['http']>)
  const inPath = new Set(pathParameters(operation.http))
  const shape = Object.entries(operation.input.shape)
  const hasBody = withBody.has(method) && shape.some(([name]) => !inPath.has(name))
  const success = operation.success ?? 200
  return {
    method,
    path,
    id: operation.type.replace('.', '_'),
    tag: operation.service,
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    parameters: z.object(Object.fromEntries(shape.filter(([name]) => !hasBody || inPath.has(name)))),
    ...(hasBody && { body: { type: z.object(Object.fromEntries(shape.filter(([name]) => !inPath.has(name)))) } }),
    responses: {
      [success]: { description: 'Done', ...(success !== 204 && { content: { 'application/json': operation.output } }) },
    },
    errors: [...commonErrors, ...operation.errors],
  }
}

function operationObject(route: RouteDocument, book: SchemaBook, problem: Schema): Schema {
  const media = route.body?.media ?? ['application/json']
  const inPath = new Set(pathParameters(route.path))
  const codes = new Set([...everywhere, ...(route.body ? jsonBody : []), ...route.errors])
  const content = (type: z.ZodType | null, io?: 'input' | 'output') =>
    type === null ? {} : { schema: book.schema(type, io) }
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description && { description: route.description }),
    parameters: [
      ...parameters(route.parameters, (name) => (inPath.has(name) ? 'path' : 'query'), book),
      ...parameters(route.headers, () => 'header', book),
    ],
    ...(route.body && {
      requestBody: {
        required: true,
        content: Object.fromEntries(
          media.map((type) => [
            type,
            {
              ...content(route.body?.type as z.ZodType, 'input'),
              ...(route.body?.example !== undefined && { example: route.body.example }),
            },
          ]),
        ),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.responses).map(([status, response]) => [
          status,
          {
            description: response.description,
            headers: headerObjects(response.headers),
            ...(response.content && {
              content: Object.fromEntries(
                Object.entries(response.content).map(([type, schema]) => [type, content(schema)]),
              ),
            }),
          },
        ]),
      ),
      ...problemResponses(codes, Object.keys(route.responses), problem),
    },
  }
}

function parameters(object: z.ZodObject | undefined, where: (name: string) => string, book: SchemaBook): Schema[] {
  return Object.entries(object?.shape ?? {}).map(([name, type]) => {
    const { description, examples: _, ...schema } = book.schema(type as z.ZodType, 'input')
    const place = where(name)
    const isList = schema.type === 'array'
    return {
      name,
      in: place,
      required: place === 'path',
      ...(description !== undefined && { description }),
      schema,
      ...(isList && { style: 'form', explode: false }),
    }
  })
}

/** One response for each status that the codes have, since several codes may share one. */
function problemResponses(codes: Iterable<Code>, taken: readonly string[], problem: Schema): Schema {
  const byStatus = Map.groupBy(codes, (code) => String(catalogue[code].http))
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !taken.includes(status))
      .map(([status, codes]) => [
        status,
        {
          description: codes.map((code) => `${code}: ${catalogue[code].title}`).join('; '),
          headers: headerObjects(status === '503' ? { 'Retry-After': 'Seconds after which to try again' } : {}),
          content: { 'application/problem+json': { schema: problem }, 'application/json': { schema: problem } },
        },
      ]),
  )
}

function headerObjects(headers: Readonly<Record<string, string>> = {}): Schema {
  const all = { 'X-Request-Id': 'Id of the request, found again in the log', ...headers }
  return Object.fromEntries(
    Object.entries(all).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  )
}

function keyOf({ method, path }: { method: Method; path: string }): string {
  return `${method} ${path.replaceAll(/:\w+/g, ':')}`
}
