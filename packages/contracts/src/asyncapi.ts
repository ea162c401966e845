import { z } from 'zod'
import { streamDocument } from './asyncapi-stream.ts'
import { commonErrors } from './errors.ts'
import { createSchemaBook, type Schema, type SchemaBook } from './json-schema.ts'
import type { Event, Operation, Service } from './operation.ts'
import { ProblemDocument } from './problem-document.ts'
import { directReplyTo, exchanges, headers, queues } from './wire.ts'

const BINDING = '0.3.0'

/**
 * AsyncAPI 3: each operation as request and reply over AMQP, each event as a message of the events exchange, from the
 * view of the services.
 */
export function asyncapi(services: readonly Service[], info: Schema): Schema {
  const book = createSchemaBook('#/components/schemas/')
  const operations = services.flatMap((service) => Object.values(service.operations))
  const events = services.flatMap((service) => Object.values(service.events))
  const stream = streamDocument(book, routingKey)
  const problem = {
    name: 'problem',
    summary: 'RFC 9457, told by the header `error`',
    payload: book.schema(ProblemDocument),
  }
  return {
    asyncapi: '3.0.0',
    info,
    defaultContentType: 'application/json',
    channels: {
      ...Object.fromEntries(operations.map((operation) => [channelId(operation), requestChannel(operation, book)])),
      ...Object.fromEntries(operations.map((operation) => [replyId(operation), replyChannel(operation, book)])),
      ...Object.fromEntries(events.map((event) => [eventId(event), eventChannel(event, book)])),
      ...stream.channels,
    },
    operations: {
      ...Object.fromEntries(operations.map((operation) => [channelId(operation), receive(operation)])),
      ...Object.fromEntries(events.map((event) => [eventId(event), send(event)])),
      ...stream.operations,
    },
    components: {
      schemas: book.named,
      tags: Object.fromEntries(services.map(({ name }) => [name, { name, description: `The service ${name}` }])),
      messages: { problem: { contentType: 'application/problem+json', ...problem } },
      messageTraits: { call: { headers: callHeaders() } },
      correlationIds: {
        call: { description: 'AMQP property `correlation-id`', location: '$message.header#/correlationId' },
      },
    },
  }
}

function requestChannel(operation: Operation, book: SchemaBook): Schema {
  const { route } = operation
  const exchange = route?.exchange ?? exchanges.rpc
  return {
    address: route ? `{${route.key}}` : operation.service,
    description: `Queue \`${route ? queues[route.queue](`{${route.key}}`) : queues.rpc(operation.service)}\``,
    ...(route && { parameters: { [route.key]: { description: 'Routing key' } } }),
    messages: {
      request: {
        name: operation.type,
        title: operation.summary,
        description: `AMQP property \`type\`: \`${operation.type}\``,
        contentType: 'application/json',
        correlationId: { $ref: '#/components/correlationIds/call' },
        traits: [{ $ref: '#/components/messageTraits/call' }],
        payload: book.schema(operation.input, 'input'),
      },
    },
    bindings: routingKey(exchange, 'direct'),
  }
}

function replyChannel(operation: Operation, book: SchemaBook): Schema {
  // no address: each caller names its own in `reply-to`
  return {
    messages: {
      reply: {
        name: `${operation.type}.reply`,
        contentType: 'application/json',
        correlationId: { $ref: '#/components/correlationIds/call' },
        payload: book.schema(operation.output),
      },
      problem: { $ref: '#/components/messages/problem' },
    },
  }
}

function receive(operation: Operation): Schema {
  const channel = `#/channels/${channelId(operation)}`
  const reply = `#/channels/${replyId(operation)}`
  const codes = [...commonErrors, ...operation.errors].join(', ')
  return {
    action: 'receive',
    summary: operation.summary,
    description: [operation.description, `Fails with ${codes}.`].filter(Boolean).join(' '),
    tags: [tag(operation)],
    channel: { $ref: channel },
    messages: [{ $ref: `${channel}/messages/request` }],
    reply: {
      address: {
        description: `AMQP property \`reply-to\`, such as ${directReplyTo}`,
        location: '$message.header#/replyTo',
      },
      channel: { $ref: reply },
      messages: [{ $ref: `${reply}/messages/reply` }, { $ref: `${reply}/messages/problem` }],
    },
  }
}

function eventChannel(event: Event, book: SchemaBook): Schema {
  const names = [...event.topic.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  return {
    address: event.topic.replaceAll(/:(\w+)/g, '{$1}'),
    parameters: Object.fromEntries(names.map((name) => [name, { description: `\`${name}\` of the data` }])),
    messages: {
      event: {
        name: event.type,
        title: event.summary,
        contentType: 'application/cloudevents+json',
        payload: cloudEvent(event, book),
      },
    },
    bindings: routingKey(exchanges.events, 'topic'),
  }
}

function send(event: Event): Schema {
  const channel = `#/channels/${eventId(event)}`
  return {
    action: 'send',
    summary: event.summary,
    tags: [tag(event)],
    channel: { $ref: channel },
    messages: [{ $ref: `${channel}/messages/event` }],
  }
}

/** CloudEvents 1.0, structured mode. */
function cloudEvent(event: Event, book: SchemaBook): Schema {
  const text = { type: 'string' }
  return {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: text,
      source: text,
      type: { const: event.type },
      subject: text,
      time: { type: 'string', format: 'date-time' },
      datacontenttype: { const: 'application/json' },
      data: book.schema(event.data),
    },
  }
}

function callHeaders(): Schema {
  const { schema } = createSchemaBook('')
  return schema(
    z.looseObject({
      [headers.type]: z
        .string()
        .optional()
        .meta({ description: 'Instead of the property `type`, for tools that cannot set it' }),
      [headers.deadline]: z.int().optional().meta({ description: 'Epoch ms after which nobody waits for the answer' }),
      [headers.principal]: z.string().optional(),
      [headers.roles]: z.string().optional().meta({ description: 'Comma separated' }),
      [headers.traceparent]: z.string().optional().meta({ description: 'W3C Trace Context' }),
      [headers.idempotencyKey]: z.string().optional(),
    }),
  )
}

function routingKey(exchange: string, type: 'direct' | 'topic'): Schema {
  const description = { name: exchange, type, durable: true, autoDelete: false, vhost: '/' }
  return { amqp: { is: 'routingKey', exchange: description, bindingVersion: BINDING } }
}

function tag({ service }: { service: string }): Schema {
  return { $ref: `#/components/tags/${service}` }
}

function channelId({ service, key }: { service: string; key: string }): string {
  return `${service}_${key}`
}

function replyId(operation: Operation): string {
  return `${channelId(operation)}_reply`
}

function eventId({ service, key }: Event): string {
  return `${service}_${key}`
}
