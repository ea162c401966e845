import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { formBody, jsonBody, multipartBody, openHttpx, type Httpx, type Reply } from './httpx.ts'
import { dumps, loads, type Value } from './python.ts'

// What the real client does, call for call and byte for byte, written from its contract.

export type Data = Record<string, Value>
export type Jacobian = Record<string, Record<string, number[][]>>

export interface Options {
  readonly url: string
  readonly className: string
  readonly name?: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
  readonly disciplineOptions?: Data
  readonly isAsynchronous?: boolean
  readonly useLongPolling?: boolean
  readonly pollingWaitS?: number
  readonly linearizationMode?: string
  readonly linearizeAfterExecution?: boolean
  readonly inputsToUpload?: readonly string[]
  readonly filePathsToUpload?: readonly string[]
  readonly outputsToDownload?: readonly string[]
  readonly filePathsToDownload?: readonly string[]
  readonly rootPath?: string
  readonly chunkSize?: number
  readonly readTimeoutMs?: number
}

export interface HttpDiscipline {
  readonly token: string
  readonly inputsSchema: Value
  readonly outputsSchema: Value
  readonly defaults: Data
  /** Everything that was answered, in order */
  readonly replies: readonly Reply[]
  /** What the last run gave: all data of the job, inputs too. @throws Error with the remote traceback */
  execute(data?: Data): Promise<Data>
  linearize(data?: Data, of?: { inputs?: string[]; outputs?: string[] }): Promise<Jacobian>
  close(): void
}

export interface JobDocument {
  readonly id: bigint
  readonly job_status: string
  readonly traceback: string
  readonly output_data: Data
  readonly jacobian_data: Jacobian
}

interface Uploaded {
  readonly unique_filename: string
  readonly sha256sum: string
  readonly [member: string]: Value
}

/** `HTTPDiscipline(…)`: a token, both schemas, the defaults. */
export async function construct(options: Options): Promise<HttpDiscipline> {
  const { url, className, disciplineOptions = {}, chunkSize = 1_024_000, rootPath = '.' } = options
  const { user = '', password = '' } = options
  const replies: Reply[] = []
  const plain = openHttpx(url, options.readTimeoutMs)
  const http: Httpx = Object.assign(
    async (...call: Parameters<Httpx>) => {
      const reply = await plain(...call)
      replies.push(reply)
      return reply
    },
    { url, close: plain.close },
  )
  const token = options.token ?? (await logIn(http, user, password))
  const about = jsonBody(dumps({ discipline_options: disciplineOptions }))
  const inputsSchema = await ask('inputs_schema')
  const outputsSchema = await ask('outputs_schema')
  const defaults = (await ask('default_input_data')) as Data
  let differentiated: { inputs: string[]; outputs: string[] } = { inputs: [], outputs: [] }
  let linearizes = options.linearizeAfterExecution ?? false
  let linearizeOptions: Data = {}
  let runs = 0
  /** One entry, as GEMSEO's */
  let cache: { inputs: string; data: Data; jacobian: Jacobian } | undefined
  return { token, inputsSchema, outputsSchema, defaults, replies, execute, linearize, close: http.close }

  async function ask(what: string): Promise<Value> {
    const reply = await http('POST', `/v1/discipline/${className}/${what}`, token, about)
    // the client makes an error of the member `detail`
    if (reply.status === 200) return loads(reply.text)
    const { detail } = loads(reply.text) as { detail: string }
    throw new Error(`RuntimeError: ${detail}`)
  }

  async function execute(data: Data = {}): Promise<Data> {
    const inputs = { ...defaults, ...data }
    if (cache?.inputs !== dumps(inputs)) cache = await run(inputs)
    return cache.data
  }

  async function linearize(data: Data = {}, of: { inputs?: string[]; outputs?: string[] } = {}): Promise<Jacobian> {
    linearizes = true
    linearizeOptions = { compute_all_jacobians: !of.inputs && !of.outputs, execute: true }
    differentiated = { inputs: of.inputs ?? [], outputs: of.outputs ?? [] }
    await execute(data)
    if (!cache || Object.keys(cache.jacobian).length === 0) throw new Error('KeyError: no Jacobian in the cached entry')
    return cache.jacobian
  }

  async function run(inputs: Data): Promise<NonNullable<typeof cache>> {
    const files: Uploaded[] = []
    for (const path of options.filePathsToUpload ?? []) files.push(await upload(path))
    const sent = { ...inputs }
    for (const name of options.inputsToUpload ?? []) {
      files.push(await upload(inputs[name] as string))
      sent[name] = basename(inputs[name] as string)
    }
    const mode = options.isAsynchronous ? 'asynchronous' : 'synchronous'
    const body = dumps({
      name: options.name ?? className,
      discipline_options: disciplineOptions,
      input_data: sent,
      input_data_type: 'json',
      input_files: files,
      linearize: linearizes,
      linearization_mode: options.linearizationMode ?? 'auto',
      linearize_options: linearizeOptions,
      differentiated_inputs: differentiated.inputs,
      differentiated_outputs: differentiated.outputs,
    })
    const path = `/v1/discipline/${className}/execute?execution_mode=${mode}`
    const reply = await http('POST', path, token, jsonBody(body))
    if (reply.status !== 200 && reply.status !== 202) throw new Error(`RuntimeError: ${reply.status} ${reply.text}`)
    const first = loads(reply.text) as unknown as JobDocument
    const job = options.isAsynchronous ? await poll(first.id) : first
    if (job.job_status !== 'finished') throw new Error(job.traceback)
    const data = { ...job.output_data }
    await download(job, data)
    return { inputs: dumps(inputs), data, jacobian: job.jacobian_data }
  }

  async function poll(id: bigint): Promise<JobDocument> {
    const { useLongPolling = true, pollingWaitS = 10 } = options
    const query = `long_polling=${useLongPolling ? 'True' : 'False'}&long_polling_timeout=${dumps(pollingWaitS)}`
    for (;;) {
      // it does not look at the status code
      const job = loads((await http('GET', `/v1/job/${id}?${query}`, token)).text)
      if (typeof job !== 'object' || job === null) throw new Error(`AttributeError: ${String(job)}`)
      const { job_status: status } = job as unknown as JobDocument
      if (status === undefined) throw new Error('the client would ask for /v1/job/None for five hours')
      if (status === 'finished' || status === 'failed') return job as unknown as JobDocument
      if (!useLongPolling) await wait(pollingWaitS * 1_000)
    }
  }

  async function upload(path: string): Promise<Uploaded> {
    const bytes = await readFile(join(rootPath, path))
    // a size that is a multiple of the chunks ends with a chunk of nothing
    const chunks = Math.floor(bytes.byteLength / chunkSize) + 1
    let last = ''
    for (let n = 0; n < chunks; n++) {
      const part = { name: basename(path), bytes: bytes.subarray(n * chunkSize, (n + 1) * chunkSize) }
      const body = multipartBody({ total_chunks: String(chunks), chunk_number: String(n) }, part)
      const reply = await http('POST', '/v1/file/upload', token, body)
      if (reply.status !== 200) throw new Error(`RuntimeError: ${reply.status} ${reply.text}`)
      last = reply.text
    }
    const [file] = loads(last) as unknown as [Uploaded]
    if (createHash('sha256').update(bytes).digest('hex') !== file.sha256sum) throw new Error('ValueError: sha256')
    return file
  }

  async function download({ id }: JobDocument, data: Data): Promise<void> {
    const { filePathsToDownload = [], outputsToDownload = [] } = options
    if (filePathsToDownload.length + outputsToDownload.length === 0) return
    const tree = loads((await http('GET', `/v1/job/${id}/files`, token)).text)
    const paths = new Set(filePathsToDownload.flatMap((path) => expand(path, path.split('/'), tree)))
    const folder = join(rootPath, String(++runs))
    for (const output of outputsToDownload) {
      const value = data[output] as string | string[]
      for (const path of [value].flat()) paths.add(path)
      const local = [value].flat().map((path) => join(folder, path))
      data[output] = Array.isArray(value) ? local : (local[0] as string)
    }
    for (const path of paths) {
      const reply = await http('GET', `/v1/job/${id}/files/download?filename=${path}`, token)
      if (reply.status !== 200) throw new Error(`RuntimeError: ${reply.status} ${reply.text}`)
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), reply.body)
    }
  }
}

export async function logIn(http: Httpx, username: string, password: string): Promise<string> {
  const reply = await http('POST', '/token', undefined, formBody({ username, password }))
  if (reply.status !== 200) throw new Error(`ConnectionError: ${reply.status} ${reply.text}`)
  return (loads(reply.text) as { access_token: string }).access_token
}

/** The files below a path of the tree; unknown ones are passed over. */
function expand(path: string, names: readonly string[], tree: Value | undefined): string[] {
  const [name, ...rest] = names
  if (name !== undefined) return isFolder(tree) ? expand(path, rest, tree[name]) : []
  if (tree === null) return [path]
  return isFolder(tree) ? Object.keys(tree).flatMap((inner) => expand(`${path}/${inner}`, [inner], tree)) : []
}

function isFolder(tree: Value | undefined): tree is { [name: string]: Value } {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree)
}
