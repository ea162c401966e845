import type { Entry, Journal } from './journal.ts'

/** Asks the gateway, and writes down every question with its answer. */
export interface Client {
  run(process: 'say' | 'walk', inputs: Inputs, options?: Options): Promise<Entry>
  submit(process: 'say' | 'walk', inputs: Inputs, options?: Options): Promise<Entry>
  control(jobId: string, action: 'pause' | 'resume' | 'stop'): Promise<Entry>
  dismiss(jobId: string): Promise<Entry>
  status(jobId: string): Promise<Entry>
  results(jobId: string): Promise<Entry>
  attempts(jobId: string): Promise<Entry>
}

export interface Inputs {
  readonly text: string
  readonly steps?: number
}

export interface Options {
  readonly key?: string
  /** After which the client goes away */
  readonly patienceMs?: number
}

type Question = Pick<Entry, 'op' | 'token' | 'key' | 'jobId' | 'action'>

const PATIENCE_MS = 20_000
const TEXT_MOST = 400

export function createClient(url: string, actor: string, journal: Journal): Client {
  return {
    run: (process, inputs, options = {}) => execute('run', process, inputs, options),
    submit: (process, inputs, options = {}) => execute('submit', process, inputs, options),
    control: (jobId, action) =>
      ask({ op: 'control', jobId, action }, `/jobs/${jobId}/control`, { method: 'POST', body: { action } }),
    dismiss: (jobId) => ask({ op: 'dismiss', jobId }, `/jobs/${jobId}`, { method: 'DELETE' }),
    status: (jobId) => ask({ op: 'status', jobId }, `/jobs/${jobId}`),
    results: (jobId) => ask({ op: 'results', jobId }, `/jobs/${jobId}/results`),
    attempts: (jobId) => ask({ op: 'attempts', jobId }, `/jobs/${jobId}/attempts`),
  }

  function execute(
    op: 'run' | 'submit',
    process: string,
    inputs: Inputs,
    { key, patienceMs }: Options,
  ): Promise<Entry> {
    const headers = { ...(op === 'submit' && { prefer: 'respond-async' }), ...(key && { 'idempotency-key': key }) }
    return ask({ op, token: inputs.text, ...(key && { key }) }, `/processes/${process}/execution`, {
      method: 'POST',
      headers,
      body: { inputs },
      ...(patienceMs && { patienceMs }),
    })
  }

  async function ask(
    question: Question,
    path: string,
    {
      method = 'GET',
      headers = {},
      body,
      patienceMs = PATIENCE_MS,
    }: { method?: string; headers?: Record<string, string>; body?: object; patienceMs?: number } = {},
  ): Promise<Entry> {
    const at = Date.now()
    const since = performance.now()
    const write = (answer: Partial<Entry>): Entry =>
      journal.write({ at, ms: performance.now() - since, actor, ...question, ...answer })
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(patienceMs),
      })
      return write(readAnswer(question, response, await response.text()))
    } catch (error) {
      const { name, message, cause } = error as Error
      return write({ failure: `${name} ${(cause as Error | undefined)?.message ?? message}` })
    }
  }
}

function readAnswer({ op }: Question, response: Response, text: string): Partial<Entry> {
  const { status } = response
  const isResult = status === 200 && (op === 'run' || op === 'submit' || op === 'results')
  const jobId = /\/jobs\/([\w-]+)>; rel="monitor"/.exec(response.headers.get('link') ?? '')?.[1]
  const told = isResult ? {} : readDocument(text)
  return {
    status,
    ...(jobId && { jobId }),
    ...told,
    text: isResult || op === 'attempts' ? text : text.slice(0, TEXT_MOST),
  }
}

/** The members of a status document, a control answer or a problem that the ledger compares. */
function readDocument(text: string): Partial<Entry> {
  try {
    const document = JSON.parse(text) as {
      jobID?: string
      jobId?: string
      code?: string
      warren?: { state?: string }
      job?: { jobID?: string; warren?: { state?: string } }
    }
    const jobId = document.jobID ?? document.jobId
    const state = document.warren?.state ?? document.job?.warren?.state
    return { ...(jobId && { jobId }), ...(document.code && { code: document.code }), ...(state && { state }) }
  } catch {
    return {}
  }
}
