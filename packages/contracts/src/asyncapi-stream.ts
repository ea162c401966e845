import { z } from 'zod'
import type { Schema, SchemaBook } from './json-schema.ts'
import { ProblemDocument } from './problem-document.ts'
import { directReplyTo, exchanges, frameBytes, frameHeaders, frameTypes, headers, queues } from './wire.ts'

type FrameName = keyof typeof frameTypes
type Side = 'app' | 'caller'

interface FrameDocument {
  readonly summary: string
  /** Who gets it. */
  readonly to: readonly Side[]
  readonly headers: z.ZodRawShape
  /** What its body is, if it has any. */
  readonly payload?: 'bytes' | 'problem'
}

const app: readonly Side[] = ['app']
const caller: readonly Side[] = ['caller']
const both: readonly Side[] = ['app', 'caller']

const fields = z.string().meta({ description: 'JSON text: pairs of name and value, in order, duplicates kept' })
const credit = z.int().min(0).meta({ description: 'So many more `body` frames may be sent' })
const body = z.enum(['none', 'inline', 'stream']).meta({ description: '`inline`: in this frame' })
const text = z.string().optional()

const frames: Record<FrameName, FrameDocument> = {
  req: {
    summary: 'A request, and its body if that is small',
    to: app,
    headers: {
      [frameHeaders.method]: z.string(),
      [frameHeaders.scheme]: z.string(),
      [frameHeaders.authority]: z.string(),
      [frameHeaders.target]: z.string().meta({ description: 'Path and query, as they were sent' }),
      [frameHeaders.fields]: fields,
      [frameHeaders.client]: z.string().optional().meta({ description: 'Address of the HTTP client' }),
      [frameHeaders.body]: body,
      [frameHeaders.credit]: credit.meta({ description: 'For the body of the answer' }),
      [frameHeaders.repeatable]: z.boolean().meta({ description: 'Another instance may do it again' }),
      [headers.deadline]: z.int().optional().meta({ description: 'Epoch ms until which the answer must begin' }),
      [headers.principal]: text,
      [headers.roles]: z.string().optional().meta({ description: 'Comma separated' }),
      [headers.requestId]: text,
      [headers.traceparent]: z.string().optional().meta({ description: 'W3C Trace Context' }),
      [headers.tracestate]: text,
    },
    payload: 'bytes',
  },
  accept: {
    summary: 'An instance has taken the request; `reply-to` is its address',
    to: caller,
    headers: {
      [frameHeaders.credit]: credit.meta({ description: 'For the body; 0 as long as one that waits is not read' }),
      [frameHeaders.redelivered]: z.boolean().meta({ description: 'The request was delivered before' }),
    },
  },
  credit: { summary: 'More of a body may come', to: both, headers: { [frameHeaders.credit]: credit } },
  body: { summary: `A piece of a body, ${frameBytes} bytes at most`, to: both, headers: {}, payload: 'bytes' },
  end: {
    summary: 'A body is complete',
    to: both,
    headers: {
      [frameHeaders.bytes]: z.int().meta({ description: 'Of the whole body' }),
      [frameHeaders.trailers]: fields.optional(),
    },
  },
  head: {
    summary: 'Status and header of the answer, and its body if that is small; 1xx may come before',
    to: caller,
    headers: { [frameHeaders.status]: z.int(), [frameHeaders.fields]: fields, [frameHeaders.body]: body.optional() },
    payload: 'bytes',
  },
  cancel: { summary: 'Nobody wants the answer any more', to: both, headers: { [frameHeaders.reason]: text } },
  fail: { summary: 'No answer, or no rest of it', to: caller, headers: {}, payload: 'problem' },
  ping: { summary: 'Are you still there? `reply-to` is the address of who asks', to: both, headers: {} },
}

const APP = 'stream_app'
const EXCHANGE = 'stream_exchange'
const TAG = { name: 'stream', description: 'HTTP exchanges with apps that have no port' }

/** Channels and operations of the frames, from the view of an app; `binding` is that of an exchange. */
export function streamDocument(
  book: SchemaBook,
  binding: (exchange: string, type: 'direct') => Schema,
): {
  readonly channels: Schema
  readonly operations: Schema
} {
  const { req, ...others } = frames
  const count = 'An exchange is a correlation id; the frames of each direction are counted, `req` and `accept` being 0.'
  return {
    channels: {
      [APP]: {
        address: '{app}',
        description: `Queue \`${queues.app('{app}')}\`. ${count}`,
        parameters: { app: { description: 'Routing key: the name that the app is served under' } },
        messages: { req: message('req', req, book) },
        bindings: binding(exchanges.stream, 'direct'),
      },
      // no address: each side names its own in `reply-to`
      [EXCHANGE]: {
        description: `Published to the default exchange, to the address of the other side: its ${directReplyTo}.`,
        messages: Object.fromEntries(Object.entries(others).map(([name, frame]) => [name, message(name, frame, book)])),
      },
    },
    operations: {
      stream_take: { ...operation('receive', 'Take a request', APP, ['req']), reply: answer() },
      stream_receive: operation('receive', 'Hear of the caller', EXCHANGE, namesTo('app')),
      stream_send: operation('send', 'Answer', EXCHANGE, namesTo('caller')),
    },
  }
}

function namesTo(side: Side): string[] {
  return Object.keys(frames).filter((name) => name !== 'req' && frames[name as FrameName].to.includes(side))
}

function operation(action: 'receive' | 'send', summary: string, channel: string, names: readonly string[]): Schema {
  const at = `#/channels/${channel}`
  const messages = names.map((name) => ({ $ref: `${at}/messages/${name}` }))
  return { action, summary, tags: [TAG], channel: { $ref: at }, messages }
}

function answer(): Schema {
  const at = `#/channels/${EXCHANGE}`
  const messages = namesTo('caller').map((name) => ({ $ref: `${at}/messages/${name}` }))
  const location = '$message.header#/replyTo'
  return { address: { description: 'AMQP property `reply-to`', location }, channel: { $ref: at }, messages }
}

function message(name: string, { summary, headers: shape, payload }: FrameDocument, { schema }: SchemaBook): Schema {
  const sequence = z.int().meta({ description: 'Position among the frames of its direction' })
  const type = payload === 'problem' ? 'application/problem+json' : 'application/octet-stream'
  return {
    name,
    title: summary,
    description: `AMQP property \`type\`: \`${frameTypes[name as FrameName]}\``,
    contentType: type,
    correlationId: { $ref: '#/components/correlationIds/call' },
    headers: schema(z.looseObject({ [frameHeaders.sequence]: sequence, ...shape })),
    ...(payload === 'bytes' && { payload: { type: 'string', format: 'binary' } }),
    ...(payload === 'problem' && { payload: schema(ProblemDocument) }),
  }
}
