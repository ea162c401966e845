import type { z } from 'zod'
import type { Code } from './errors.ts'
import type { exchanges, queues } from './wire.ts'

/**
 * Words, used exactly so in code, documents and URLs:
 *
 * - process: a published computation: id, semver version, typed inputs and outputs
 * - job: one execution of a process; `attempt` counts its tries
 * - executor: a service instance that owns slots and runs jobs; slot: room for one running job
 * - runner: the child process in which user code runs
 * - service: a named set of operations and events; an instance is one running copy of it
 * - operation, call, reply: a typed request/reply in a service's contract, one use of it, its answer
 * - event: a fact published to the topic exchange after it was committed
 * - principal: who asks; travels with every message
 */

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What an author of a contract writes about an operation. */
export interface OperationSpec {
  readonly summary: string
  readonly description?: string
  /** HTTP form with `:name` for path parameters; the other members of the input come from query or body. */
  readonly http?: `${Method} /${string}`
  /** The gateway writes this route by hand, because a standard fixes its form. It is documented all the same. */
  readonly handWritten?: true
  /** HTTP status of success, 200 unless told. */
  readonly success?: 200 | 201 | 202 | 204
  readonly input: z.ZodObject
  readonly output: z.ZodType
  /** Codes that it may fail with, beside the common ones. */
  readonly errors: readonly Code[]
  /** How long a caller waits unless it says otherwise, in ms. */
  readonly deadlineMs: number
  /** A call may be sent again when it is unknown whether it was heard. */
  readonly idempotent?: true
  /** Bodies that the mesh passes on as text, neither parsed nor validated: the handler does that. */
  readonly raw?: { readonly request?: true; readonly reply?: true }
  /** Not sent to the service's own queue but to this exchange, with this member of the input as routing key. */
  readonly route?: {
    readonly exchange: (typeof exchanges)[keyof typeof exchanges]
    readonly key: string
    /** Which of the queues it comes to, for each key */
    readonly queue: keyof Pick<typeof queues, 'execute' | 'describe'>
  }
}

/** An operation with what its place in the contract says about it. */
export type Operation<Spec extends OperationSpec = OperationSpec> = Spec & {
  readonly service: string
  readonly key: string
  /** The AMQP `type`: `<service>.<key>`. */
  readonly type: string
}

export interface EventSpec {
  readonly summary: string
  /** Routing key on the events exchange, with `:name` for members of the data. */
  readonly topic: string
  readonly data: z.ZodObject
}

export type Event<Spec extends EventSpec = EventSpec> = Spec & {
  readonly service: string
  readonly key: string
  /** The CloudEvents `type`: `warren.<service>.<key>`. */
  readonly type: string
}

export interface ServiceSpec {
  readonly operations: Readonly<Record<string, OperationSpec>>
  readonly events: Readonly<Record<string, EventSpec>>
}

/** A service's contract: plain data, with every name derived from its keys. */
export interface Service<Spec extends ServiceSpec = ServiceSpec> {
  readonly name: string
  readonly operations: { readonly [Key in keyof Spec['operations']]: Operation<Spec['operations'][Key]> }
  readonly events: { readonly [Key in keyof Spec['events']]: Event<Spec['events'][Key]> }
}

/**
 * Turns a literal into a contract.
 *
 * @throws TypeError when a path parameter or a routing key is no member of the input
 */
export function defineService<const Spec extends ServiceSpec>(name: string, spec: Spec): Service<Spec> {
  const operations = Object.entries(spec.operations).map(([key, operation]) => {
    for (const parameter of [...pathParameters(operation.http), ...(operation.route ? [operation.route.key] : [])]) {
      if (!(parameter in operation.input.shape)) throw new TypeError(`${name}.${key}: "${parameter}" is no input`)
    }
    return [key, { ...operation, service: name, key, type: `${name}.${key}` }]
  })
  const events = Object.entries(spec.events).map(([key, event]) => {
    return [key, { ...event, service: name, key, type: `warren.${name}.${key}` }]
  })
  return { name, operations: Object.fromEntries(operations), events: Object.fromEntries(events) }
}

/** The names of the `:name` segments of an HTTP form. */
export function pathParameters(http: string | undefined): string[] {
  return [...(http ?? '').matchAll(/:(\w+)/g)].map(([, parameter]) => parameter as string)
}

/** The HTTP form in its two parts. */
export function parseHttp(http: NonNullable<OperationSpec['http']>): { method: Method; path: string } {
  const [method, path] = http.split(' ') as [Method, string]
  return { method, path }
}
