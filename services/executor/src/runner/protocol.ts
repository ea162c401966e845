import { rawJson } from '@warren/contracts'
import type { Failure, ProcessDeclaration } from '@warren/worker'

/** Why a run failed. `code` is one of the error catalogue, or the host's own. */
export type RunProblem = Failure

/** The answer to `describe`: every process, or one with the options that were given, or why these are wrong. */
export interface DescribedMessage {
  readonly type: 'described'
  readonly pipelining?: boolean
  readonly processes: readonly ProcessDeclaration[]
  readonly error?: { readonly path?: readonly (string | number)[]; readonly message: string }
}

/** What a host says, one line each; docs/runner-protocol.md explains them. */
export type HostMessage =
  | DescribedMessage
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly id: string; readonly percent: number; readonly message?: string }
  | {
      readonly type: 'metric'
      readonly id: string
      readonly name: string
      readonly value: number
      readonly step?: number
    }
  | {
      readonly type: 'call'
      readonly id: string
      readonly call: string
      readonly process: string
      readonly inputs: string
    }
  | { readonly type: 'log'; readonly id: string; readonly level: string; readonly message: string }
  /** The state was saved: the run goes on, or has ended because it was asked to. */
  | { readonly type: 'checkpoint' | 'checkpointed'; readonly id: string; readonly state: string }
  | { readonly type: 'result'; readonly id: string; readonly outputs: string; readonly value: JsonObject }
  | ({ readonly type: 'error'; readonly id: string } & RunProblem)
  | { readonly type: 'tell'; readonly id: string; readonly name: string; readonly data: unknown }
  | { readonly type: 'returned' | 'workdir' | 'paused'; readonly id: string }

export type JsonObject = { readonly [name: string]: unknown }

const resultStart = '{"type":"result","id":"'
const resultMiddle = '","outputs":'

/** The message of one line. Throws on what is not JSON or has no type. Outputs, call inputs and states stay raw text. */
export function readMessage(line: string): HostMessage {
  return readResult(line) ?? readOther(line)
}

/** Hosts of ours write results in this order, which saves looking for the members. */
function readResult(line: string): HostMessage | undefined {
  if (!line.startsWith(resultStart)) return undefined
  const idEnd = line.indexOf('"', resultStart.length)
  if (!line.startsWith(resultMiddle, idEnd)) return undefined
  const outputs = line.slice(idEnd + resultMiddle.length, -1)
  try {
    return { type: 'result', id: line.slice(resultStart.length, idEnd), outputs, value: objectOf(JSON.parse(outputs)) }
  } catch {
    // Something follows the outputs: the general way tells.
    return undefined
  }
}

function readOther(line: string): HostMessage {
  const message = objectOf(JSON.parse(line))
  const { type } = message
  if (type === 'result') {
    const value = objectOf(message['outputs'])
    return { ...message, value, outputs: rawJson.member(line, 'outputs')! } as HostMessage
  }
  if (type === 'checkpoint' || type === 'checkpointed') {
    const state = rawJson.member(line, 'state')
    if (state === undefined) throw new SyntaxError('a checkpoint without a state')
    return { ...message, state } as HostMessage
  }
  if (type === 'call') return { ...message, inputs: rawJson.member(line, 'inputs') ?? '{}' } as HostMessage
  if (typeof type !== 'string') throw new SyntaxError('a message without a type')
  return message as unknown as HostMessage
}

function objectOf(value: unknown): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new SyntaxError('expected a JSON object')
}

/** One `run` line. `inputs` is raw JSON text and stays the last member: a host may cut it out instead of parsing it. */
export function runLine(run: {
  id: string
  processId: string
  workdir: string
  attempt: number
  startBy?: number | undefined
  traceparent?: string | undefined
  checkpoint?: string | undefined
  derive?: string | undefined
  inputs: string
}): string {
  const { id, processId, workdir, attempt, startBy, traceparent, checkpoint, derive, inputs } = run
  let facts = `"id":"${id}","process":"${processId}","workdir":${JSON.stringify(workdir)},"attempt":${attempt}`
  if (startBy !== undefined) facts += `,"startBy":${startBy}`
  if (traceparent !== undefined) facts += `,"traceparent":${JSON.stringify(traceparent)}`
  if (checkpoint !== undefined) facts += `,"checkpoint":${oneLine(checkpoint)}`
  if (derive !== undefined) facts += `,"derive":${derive}`
  return `{"type":"run",${facts},"inputs":${oneLine(inputs)}}\n`
}

/** A line break in JSON text outside a string is white space, and inside a string it cannot occur. */
function oneLine(json: string) {
  return json.includes('\n') ? json.replaceAll(/[\r\n]+/g, ' ') : json
}

export function cancelLine(id: string): string {
  return `${JSON.stringify({ type: 'cancel', id })}\n`
}

/** Asks a run to come to a point where it may rest, or lets it go on from there. */
export function pauseLine(type: 'pause' | 'resume', id: string): string {
  return `${JSON.stringify({ type, id })}\n`
}

/** Asks a run to save its state and end. */
export function checkpointLine(id: string): string {
  return `${JSON.stringify({ type: 'checkpoint', id })}\n`
}

/** The answer to a `call`; `outputs` is raw JSON text. */
export function calledLine(call: string, answer: { outputs: string } | { error: unknown }): string {
  const head = `{"type":"called","call":${JSON.stringify(call)}`
  if ('error' in answer) return `${head},"error":${JSON.stringify(answer.error)}}\n`
  return `${head},"outputs":${oneLine(answer.outputs)}}\n`
}
