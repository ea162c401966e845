import { request as httpRequest } from 'node:http'

type Config = Readonly<Record<string, unknown>>
export type Vectors = readonly (readonly number[])[]

export interface Answer {
  readonly status: number
  readonly type: string
  readonly text: string
  json(): unknown
}

/** What the Python client of UM-Bridge has: the same requests, byte for byte, and the same exceptions. */
export interface HttpModel {
  readonly supports: Readonly<Record<'Evaluate' | 'Gradient' | 'ApplyJacobian' | 'ApplyHessian', boolean>>
  inputSizes(config?: Config): Promise<number[]>
  outputSizes(config?: Config): Promise<number[]>
  evaluate(parameters: Vectors, config?: Config): Promise<number[][]>
  gradient(
    outWrt: number,
    inWrt: number,
    parameters: Vectors,
    sens: readonly number[],
    config?: Config,
  ): Promise<number[]>
  applyJacobian(
    outWrt: number,
    inWrt: number,
    parameters: Vectors,
    vec: readonly number[],
    config?: Config,
  ): Promise<number[]>
  applyHessian(
    wrt: readonly [outWrt: number, inWrt1: number, inWrt2: number],
    parameters: Vectors,
    sens: readonly number[],
    vec: readonly number[],
    config?: Config,
  ): Promise<number[]>
}

export async function supportedModels(url: string): Promise<string[]> {
  const { protocolVersion, models } = (await get(`${url}/Info`)).json() as { protocolVersion: number; models: string[] }
  if (protocolVersion !== 1) throw new Error('Model has unsupported protocol version!')
  return models
}

export async function openHttpModel(url: string, name: string): Promise<HttpModel> {
  const models = await supportedModels(url)
  if (!models.includes(name))
    throw new Error(`Model ${name} not supported by server! Supported models are: ${models.join()}`)
  const info = (await post(`${url}/ModelInfo`, { name })).json() as { support: HttpModel['supports'] }

  async function sizes(what: 'inputSizes' | 'outputSizes', config: Config): Promise<number[]> {
    const path = what === 'inputSizes' ? 'InputSizes' : 'OutputSizes'
    return ((await post(`${url}/${path}`, { name, config })).json() as Record<string, number[]>)[what] as number[]
  }

  async function compute<T>(feature: keyof HttpModel['supports'], body: Record<string, unknown>): Promise<T> {
    if (!info.support[feature]) throw new Error(`${feature} not supported by model!`)
    const answer = (await post(`${url}/${feature}`, body)).json() as
      | { output: T }
      | { error: { type: string; message: string } }
    if ('error' in answer) throw new Error(`Model returned error of type ${answer.error.type}: ${answer.error.message}`)
    return answer.output
  }

  return {
    supports: info.support,
    inputSizes: (config = {}) => sizes('inputSizes', config),
    outputSizes: (config = {}) => sizes('outputSizes', config),
    evaluate: (input, config = {}) => compute('Evaluate', { name, input: vectors(input), config }),
    gradient: (outWrt, inWrt, input, sens, config = {}) =>
      compute('Gradient', { name, outWrt, inWrt, input: vectors(input), sens: floats(sens), config }),
    applyJacobian: (outWrt, inWrt, input, vec, config = {}) =>
      compute('ApplyJacobian', { name, outWrt, inWrt, input: vectors(input), vec: floats(vec), config }),
    applyHessian: ([outWrt, inWrt1, inWrt2], input, sens, vec, config = {}) =>
      compute('ApplyHessian', {
        name,
        outWrt,
        inWrt1,
        inWrt2,
        input: vectors(input),
        sens: floats(sens),
        vec: floats(vec),
        config,
      }),
  }
}

export function get(url: string, method = 'GET'): Promise<Answer> {
  return send(url, { method })
}

/** As `requests.post(url, json=body)`. */
export function post(url: string, body: unknown): Promise<Answer> {
  return send(url, { method: 'POST', body: printed(body), contentType: 'application/json' })
}

/** As `requests.post(url, data=text)`, which sends no content type. */
export function postText(url: string, body: string, contentType?: string): Promise<Answer> {
  return send(url, { method: 'POST', body, ...(contentType !== undefined && { contentType }) })
}

interface Sent {
  readonly method: string
  readonly body?: string
  readonly contentType?: string
}

function send(url: string, { method, body, contentType }: Sent): Promise<Answer> {
  const headers = {
    'User-Agent': 'python-requests/2.32.3',
    'Accept-Encoding': 'gzip, deflate',
    Accept: '*/*',
    Connection: 'keep-alive',
    ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
    ...(contentType !== undefined && { 'Content-Type': contentType }),
  }
  const answered = Promise.withResolvers<Answer>()
  const request = httpRequest(url, { method, headers }, (response) => {
    const chunks: Buffer[] = []
    response.on('error', answered.reject)
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const type = response.headers['content-type'] ?? ''
      answered.resolve({ status: response.statusCode ?? 0, type, text, json: () => JSON.parse(text) as unknown })
    })
  })
  request.on('error', answered.reject)
  request.end(body)
  return answered.promise
}

/** A number that Python holds as a float. */
class Float {
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

function vectors(input: Vectors): Float[][] {
  return input.map(floats)
}

function floats(vector: readonly number[]): Float[] {
  return vector.map((value) => new Float(value))
}

/** As `json.dumps` prints: a space behind `:` and `,`, and floats as `repr` has them. */
export function printed(value: unknown): string {
  if (value instanceof Float) return printedFloat(value.value)
  if (Array.isArray(value)) return `[${value.map(printed).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}: ${printed(member)}`)
    .join(', ')}}`
}

function printedFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  const text = String(value).replace(/e([+-])(\d)$/, 'e$10$2')
  return /[.e]/.test(text) ? text : `${text}.0`
}
