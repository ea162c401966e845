import type { Channel } from './channel.ts'
import { createContext, type CallOutputs, type Context, type RunFacts, type RunHost } from './context.ts'
import type { ProcessDeclaration } from './declaration.ts'
import type { Ask } from './derive.ts'
import { failureOf, RunFailure, type Failure } from './failure.ts'
import { describeWith, type DeclarationOf } from './grammar.ts'
import { createPauseGate } from './pause-gate.ts'
import { encodeOutputs } from './result.ts'
import { Suspended } from './suspended.ts'

export interface Hosted {
  readonly declaration: ProcessDeclaration
  /** Set if it follows from the options, which are among these inputs */
  readonly declarationWith?: DeclarationOf
  /** Set if it gives derivatives: runs it, and resolves to the outputs as JSON text, with what was asked for. */
  derive?(ask: Ask, inputs: object, context: Context, declared: ProcessDeclaration): Promise<string>
  /** `line` is the message as it came, for hosts that must keep the text of the inputs. */
  run(inputs: object, context: Context, line: string): unknown
}

interface RunMessage extends RunFacts {
  readonly type: 'run'
  readonly process: string
  readonly startBy?: number
  readonly traceparent?: string
  readonly derive?: Ask
  readonly inputs: Values
}

type Values = { readonly [name: string]: unknown }

type Message =
  | { readonly type: 'describe'; readonly process?: string; readonly options?: Values }
  | RunMessage
  | { readonly type: 'cancel' | 'checkpoint' | 'pause' | 'resume'; readonly id: string }
  | { readonly type: 'called'; readonly call: string; readonly outputs?: CallOutputs; readonly error?: CallError }

interface CallError {
  readonly code: string
  readonly detail?: string
  readonly message?: string
}

interface Current extends RunHost {
  readonly id: string
  asked: boolean
}

interface Options {
  readonly folder: string
  /** Whether runs may be sent ahead; see "Pipelining" in docs/runner-protocol.md */
  readonly pipelining: boolean
}

/** Answers the executor: one run at a time, in the order in which they came. */
export function serve(channel: Channel, processes: ReadonlyMap<string, Hosted>, { folder, pipelining }: Options) {
  const waiting: [RunMessage, string][] = []
  const calls = new Map<string, { resolve(outputs: CallOutputs): void; reject(error: Error): void }>()
  /** Runs that were asked for their state before they began */
  const askedEarly = new Set<string>()
  /** Runs that shall rest, and have not begun */
  const pausedEarly = new Set<string>()
  let current: Current | undefined
  let working = false
  let callCount = 0

  channel.send('{"type":"ready"}')
  channel.receive(receive, leave)
  process.on('uncaughtException', die)
  process.on('unhandledRejection', die)

  function receive(line: string) {
    const message = JSON.parse(line) as Message
    switch (message.type) {
      case 'run':
        waiting.push([message, line])
        if (!working) void work()
        return
      case 'cancel':
        return cancel(message.id)
      case 'checkpoint':
        if (current?.id === message.id) current.asked = true
        else askedEarly.add(message.id)
        return
      case 'pause':
        if (current?.id === message.id) current.gate.ask()
        else pausedEarly.add(message.id)
        return
      case 'resume':
        if (current?.id === message.id) current.gate.resume()
        pausedEarly.delete(message.id)
        return
      case 'called':
        return settle(message)
      case 'describe':
        return send({ ...describe(message), pipelining })
    }
  }

  function describe({ process, options = {} }: Extract<Message, { type: 'describe' }>) {
    const declarationWith = process === undefined ? undefined : processes.get(process)?.declarationWith
    if (declarationWith) return describeWith(declarationWith, options)
    return { type: 'described', processes: Array.from(processes.values(), ({ declaration }) => declaration) }
  }

  async function work() {
    working = true
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [message, line] = next
      if (message.startBy !== undefined && monotonicMs() >= message.startBy) {
        send({ type: 'returned', id: message.id })
      } else {
        channel.send(await run(message, line))
        // Whoever waits behind may start only when this answer is with the executor.
        const drained = channel.drained()
        if (drained) await drained
      }
    }
    working = false
  }

  async function run(message: RunMessage, line: string): Promise<string> {
    const { id } = message
    const own = (current = currentOf(id))
    askedEarly.clear()
    pausedEarly.clear()
    enter(message.traceparent)
    try {
      const hosted = processes.get(message.process)
      if (!hosted) throw new RunFailure({ code: 'NO_SUCH_PROCESS', message: `no process ${message.process} here` })
      const outputs = await outputsOf(hosted, message, createContext(message, own), line)
      return `{"type":"result","id":${JSON.stringify(id)},"outputs":${outputs}}`
    } catch (error) {
      if (error instanceof Suspended) {
        return `{"type":"checkpointed","id":${JSON.stringify(id)},"state":${error.state}}`
      }
      const cancelled = own.abort.signal.aborted
      return errorLine(id, cancelled ? { code: 'CANCELLED', message: 'cancelled' } : failureOf(error, folder))
    } finally {
      current = undefined
    }
  }

  async function outputsOf(hosted: Hosted, { inputs, derive }: RunMessage, context: Context, line: string) {
    const declared = hosted.declarationWith?.(inputs) ?? hosted.declaration
    if (derive && hosted.derive) return hosted.derive(derive, inputs, context, declared)
    return encodeOutputs(await hosted.run(inputs, context, line), declared.outputs)
  }

  function currentOf(id: string): Current {
    return {
      id,
      abort: new AbortController(),
      asked: askedEarly.has(id),
      gate: createPauseGate(pausedEarly.has(id)),
      sendLine: channel.send,
      call: (process, inputs) => call(id, process, inputs),
    }
  }

  function cancel(id: string) {
    if (current?.id === id) return current.abort.abort()
    const index = waiting.findIndex(([message]) => message.id === id)
    if (index === -1) return
    waiting.splice(index, 1)
    send({ type: 'returned', id })
  }

  function call(id: string, process: string, inputs: object): Promise<CallOutputs> {
    const call = String(++callCount)
    return new Promise((resolve, reject) => {
      calls.set(call, { resolve, reject })
      send({ type: 'call', id, call, process, inputs })
    })
  }

  function settle({ call, outputs, error }: Extract<Message, { type: 'called' }>) {
    const pending = calls.get(call)
    calls.delete(call)
    if (outputs) return pending?.resolve(outputs)
    const message = error?.detail ?? error?.message ?? 'the call failed'
    pending?.reject(Object.assign(new Error(message), { code: error?.code }))
  }

  function send(message: object) {
    channel.send(JSON.stringify(message))
  }

  /** The executor is gone or has no more use for us; what a run has started goes with it. */
  function leave() {
    if (current) process.kill(0, 'SIGKILL')
    process.exit(0)
  }

  /** An error outside the run's own promise leaves the state of this process in doubt: it fails the run and ends. */
  function die(error: unknown) {
    const failure = failureOf(error, folder)
    if (current) channel.last(errorLine(current.id, failure))
    process.stderr.write(`${failure.traceback ?? failure.message}\n`, () => process.exit(1))
  }
}

export function errorLine(id: string, failure: Failure) {
  return JSON.stringify({ type: 'error', id, ...failure })
}

/** Tracing libraries, and programs that the run starts, find the trace in the environment. */
function enter(traceparent: string | undefined) {
  // oxlint-disable-next-line node/no-process-env
  const { env } = process
  if (traceparent !== undefined) env['TRACEPARENT'] = traceparent
  else if (traced) delete env['TRACEPARENT']
  traced = traceparent !== undefined
}

let traced = false

/** CLOCK_MONOTONIC, which executor and host share. */
function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6
}
