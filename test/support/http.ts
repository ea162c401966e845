import Ajv2020, { type AnySchema, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import assert from 'node:assert/strict'

interface Documented {
  readonly content?: Readonly<Record<string, { readonly schema?: AnySchema }>>
}

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { responses: Readonly<Record<string, Documented>> }>>>
  >
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly type: string
  readonly text: string
  /** The parsed body. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the schema has proven
  json<T = Record<string, unknown>>(): T
}

export interface Http {
  (path: string, init?: RequestInit & { readonly json?: unknown }): Promise<Answer>
  readonly url: string
}

/**
 * `fetch`, relative to a gateway, that fails on whatever its own OpenAPI document does not say: an undocumented status
 * or media type, or a body that does not fit its schema.
 */
export async function createHttp(url: string): Promise<Http> {
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document
  const conforms = createValidator(document)

  async function http(path: string, { json, ...init }: RequestInit & { json?: unknown } = {}): Promise<Answer> {
    const headers = new Headers(init.headers)
    if (json !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/json')
    const body = json === undefined ? init.body : JSON.stringify(json)
    const method = init.method ?? 'GET'
    const target = path.startsWith('http') ? path : `${url}${path}`
    const response = await fetch(target, { redirect: 'manual', ...init, headers, ...(body != null && { body }) })
    const text = await response.text()
    const answer: Answer = {
      status: response.status,
      headers: response.headers,
      type: response.headers.get('content-type') ?? '',
      text,
      json: () => JSON.parse(text),
    }
    conforms(method, new URL(target).pathname, answer)
    return answer
  }

  return Object.assign(http, { url })
}

function createValidator(document: Document): (method: string, path: string, answer: Answer) => void {
  const ajv = new Ajv2020.default({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema({ ...document, $id: 'api' })
  const compiled = new Map<string, ValidateFunction>()
  const paths = Object.keys(document.paths)
    .toSorted((a, b) => a.split('{').length - b.split('{').length)
    // a parameter of this name may have slashes
    .map((path) => ({ path, pattern: path.replace('{path}', '.+').replaceAll(/\{\w+\}/g, '[^/]+') }))
    .map(({ path, pattern }) => ({ path, pattern: new RegExp(`^${pattern}$`) }))

  return function conforms(method, path, { status, type, text }) {
    const found = paths.find(({ pattern }) => pattern.test(path))
    const name = method === 'HEAD' ? 'get' : method.toLowerCase()
    const what = `${method} ${path} → ${status} ${type}`
    const responses = found && document.paths[found.path]?.[name]?.responses
    // what the document does not have can only be refused, by a problem
    if (!found || !responses) {
      if (method === 'OPTIONS') return
      assert.equal(status, found ? 405 : 404, what)
      assert.match(type, /^application\/(problem\+)?json$/, what)
      return
    }
    const documented = responses[status]
    assert.ok(documented, `${what}: the status is not documented`)
    if (method === 'HEAD' || (text === '' && !documented.content)) return
    const media = Object.keys(documented.content ?? {}).find((media) => matches(media, type))
    assert.ok(media, `${what}: the media type is not documented`)
    if (!documented.content?.[media]?.schema || !/json/.test(type)) return
    const pointer = [found.path, name, 'responses', String(status), 'content', media, 'schema'].map(escaped).join('/')
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `api#/paths/${pointer}` })
    compiled.set(pointer, validate)
    assert.ok(validate(JSON.parse(text)), `${what}: ${ajv.errorsText(validate.errors)}\n${text.slice(0, 2_000)}`)
  }
}

function matches(documented: string, type: string): boolean {
  return documented === type || documented === '*/*' || type.split(';')[0] === documented
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
}
