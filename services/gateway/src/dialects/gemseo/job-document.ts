import { isFinal, rawJson, type FileOfJob, type Job, type JobState } from '@warren/contracts'
import type { Discipline } from './discipline.ts'
import { numbers, presented } from './presented.ts'
import { KEPT } from './run-request.ts'

/** What a job document is made of. */
export interface Parts {
  readonly job: Job
  /** JSON text of the execute request */
  readonly request: string
  /** JSON text; undefined when there are none, or none yet */
  readonly results: string | undefined
  readonly files: readonly FileOfJob[]
  /** Undefined when there is no such process any more: then all numbers are floats, and defaults are left out. */
  readonly discipline: Discipline | undefined
  readonly userId: number
}

const statuses: Readonly<Record<JobState, string>> = {
  created: 'created',
  queued: 'pending',
  staging: 'running',
  running: 'running',
  paused: 'running',
  storing: 'running',
  successful: 'finished',
  failed: 'failed',
  dismissed: 'failed',
}

export function statusOfJob({ state }: Pick<Job, 'state'>): string {
  return statuses[state]
}

/** The job as this API has it: JSON text, because numbers have to stay as they are. */
export function jobDocument({ job, request, results, files, discipline, userId }: Parts): string {
  const asked = new Map(rawJson.members(rawJson.member(request, KEPT) ?? '{}'))
  const given = rawJson.members(rawJson.member(request, 'inputs') ?? '{}')
  const isOption = ([name]: readonly [string, string]): boolean => discipline?.process.inputs[name]?.option === true
  const inputs = given.filter((input) => !isOption(input)).map(([name, raw]) => [name, inputOf(raw)] as const)
  const isLinearized = asked.get('linearize') === 'true'
  const outputs = rawJson.members(results ?? '{}')
  const isJacobian = ([name]: readonly [string, string]): boolean => isLinearized && name === 'jacobian'
  const jacobian = outputs.find(isJacobian)?.[1]
  const data = new Map([...defaults(discipline), ...inputs])
  for (const output of outputs) if (!isJacobian(output)) data.set(output[0], outputOf(output, files))
  const orElse = (name: string, otherwise: string): string => notNull(asked.get(name)) ?? otherwise
  return rawJson.object([
    ['id', String(job.number)],
    ['name', orElse('name', JSON.stringify(job.processId))],
    ['discipline_class_name', JSON.stringify(job.processId)],
    ['discipline_options', orElse('discipline_options', '{}')],
    ['job_type', isLinearized ? '"execute_and_linearize"' : '"execute"'],
    ['job_status', JSON.stringify(statusOfJob(job))],
    ['user_id', String(userId)],
    ['workdir', JSON.stringify(`jobs/${job.number}`)],
    ['traceback', JSON.stringify(tracebackOf(job))],
    ['linearization_mode', orElse('linearization_mode', '"auto"')],
    ['linearize_options', orElse('linearize_options', '{}')],
    ['differentiated_inputs', orElse('differentiated_inputs', '[]')],
    ['differentiated_outputs', orElse('differentiated_outputs', '[]')],
    ['input_data', inputData(job, inputs)],
    ['output_data', results === undefined ? '{}' : rawJson.object(typed(data, discipline))],
    ['jacobian_data', jacobian === undefined ? '{}' : numbers(jacobian)],
  ])
}

/** A job of which nothing is known but its number. */
export function unknownJob(number: number, status: string, traceback = ''): string {
  return JSON.stringify({ id: number, job_status: status, traceback, output_data: {}, jacobian_data: {} })
}

/** After the run the data is the text of a document, in a string. */
function inputData(job: Job, inputs: Iterable<readonly [string, string]>): string {
  const text = rawJson.object(inputs)
  if (isFinal(job.state)) return JSON.stringify(text)
  return text === '{}' ? 'null' : text
}

/** What the user sees of a remote failure: the client raises an error with it. */
function tracebackOf({ state, problem }: Job): string {
  if (state === 'dismissed') return 'The job was dismissed.'
  if (!problem) return ''
  const { detail = problem.title, traceback, errors, logTail } = problem
  const text = typeof traceback === 'string' ? traceback : ''
  const lines = [text, text.includes(String(detail)) ? '' : String(detail)]
  if (Array.isArray(errors)) lines.push(...errors.map((error) => JSON.stringify(error)))
  if (Array.isArray(logTail)) lines.push(...logTail.map(String))
  return lines.filter((line) => line !== '').join('\n')
}

function* defaults(discipline: Discipline | undefined): Generator<readonly [string, string]> {
  for (const input of discipline?.inputs ?? []) {
    if ('default' in input) yield [input.name, JSON.stringify(input.default)]
  }
}

/** A file went in by its name. */
function inputOf(raw: string): string {
  if (!raw.startsWith('{')) return raw
  const { title } = JSON.parse(raw) as { title?: string }
  return JSON.stringify(title ?? '')
}

/** A file comes out by its path in the working directory. */
function outputOf([name, raw]: readonly [string, string], files: readonly FileOfJob[]): string {
  if (!raw.startsWith('{')) return raw
  return JSON.stringify(files.find((file) => file.role === 'output' && file.name === name)?.path ?? '')
}

function* typed(
  data: Iterable<readonly [string, string]>,
  discipline: Discipline | undefined,
): Generator<readonly [string, string]> {
  const variables = [...(discipline?.inputs ?? []), ...(discipline?.outputs ?? [])]
  const known = new Map(variables.map((variable) => [variable.name, variable]))
  for (const [name, raw] of data) {
    const isText = raw.includes('"')
    const variable = known.get(name) ?? { kind: isText ? ('string' as const) : ('number' as const), isVector: !isText }
    yield [name, presented(variable, raw)]
  }
}

function notNull(raw: string | undefined): string | undefined {
  return raw === 'null' ? undefined : raw
}
