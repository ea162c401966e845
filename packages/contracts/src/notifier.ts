import { z } from 'zod'
import { defineService } from './operation.ts'

export const SubscriptionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
export const DeliveryId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)

/** Words between dots, `*` for one word, `#` for any number: the patterns of AMQP topics. */
const Pattern = z
  .string()
  .regex(/^([A-Za-z0-9_-]+|\*|#)(\.([A-Za-z0-9_-]+|\*|#))*$/)
  .max(255)
  .meta({ description: 'Topics to hear of', examples: ['job.echo.*.failed'] })

const Url = z.url({ protocol: /^https?$/ }).max(2_000)

/** A standing wish to be told about events by HTTP POST, signed as Standard Webhooks (https://www.standardwebhooks.com). */
export const Subscription = z.object({
  id: SubscriptionId,
  owner: z.string(),
  url: Url,
  patterns: z.array(Pattern).min(1).max(20),
  createdAt: z.iso.datetime(),
  enabled: z.boolean(),
})
export type Subscription = z.infer<typeof Subscription>

/** One message to one receiver, with what became of it. */
export const Delivery = z.object({
  id: DeliveryId,
  subscriptionId: SubscriptionId.nullable().meta({ description: 'null: the subscriber of a single job' }),
  jobId: z.string().nullable(),
  url: z.string(),
  eventType: z.string(),
  state: z.enum(['pending', 'delivered', 'parked']),
  attempts: z.int(),
  lastStatus: z.int().nullable().meta({ description: 'HTTP status of the last answer' }),
  lastError: z.string().nullable(),
  createdAt: z.iso.datetime(),
  nextAt: z.iso.datetime().nullable(),
  deliveredAt: z.iso.datetime().nullable(),
})
export type Delivery = z.infer<typeof Delivery>

/** A message that nobody could handle, taken from the queue `dead`. */
export const ParkedMessage = z.object({
  id: z.string(),
  queue: z.string().meta({ description: 'Where it comes from, and where a replay goes: to no other queue' }),
  topic: z.string(),
  type: z.string().nullable(),
  messageId: z.string().nullable(),
  reason: z.string(),
  attempts: z.int().nullable(),
  body: z.string(),
  parkedAt: z.iso.datetime(),
})
export type ParkedMessage = z.infer<typeof ParkedMessage>

const page = {
  limit: z.coerce.number().int().min(1).max(1_000).optional(),
  after: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
}
const next = z.string().nullable().meta({ description: 'Pass it as `after`; null at the end' })

export const notifier = defineService('notifier', {
  operations: {
    createSubscription: {
      summary: 'Subscribe an HTTP endpoint to events',
      description: 'The secret that signs the messages is shown in this answer and never again.',
      http: 'POST /subscriptions',
      success: 201,
      input: z.object({
        url: Url,
        patterns: z.array(Pattern).min(1).max(20),
        secret: z
          .string()
          .regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/)
          .optional()
          .meta({ description: 'base64 of 24 to 64 bytes behind `whsec_`; made up unless told' }),
      }),
      output: Subscription.extend({ secret: z.string() }),
      errors: [],
      deadlineMs: 10_000,
    },
    listSubscriptions: {
      summary: 'List subscriptions',
      http: 'GET /subscriptions',
      input: z.object(page),
      output: z.object({ subscriptions: z.array(Subscription), next }),
      errors: ['BAD_QUERY'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    getSubscription: {
      summary: 'Read a subscription',
      http: 'GET /subscriptions/:id',
      input: z.object({ id: SubscriptionId }),
      output: Subscription,
      errors: ['NO_SUCH_SUBSCRIPTION'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    deleteSubscription: {
      summary: 'End a subscription; messages that wait for it are dropped',
      http: 'DELETE /subscriptions/:id',
      success: 204,
      input: z.object({ id: SubscriptionId }),
      output: z.object({}),
      errors: ['NO_SUCH_SUBSCRIPTION'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listDeliveries: {
      summary: 'List deliveries, newest first',
      http: 'GET /deliveries',
      input: z.object({
        subscriptionId: SubscriptionId.optional(),
        jobId: z.string().max(64).optional(),
        state: Delivery.shape.state.optional(),
        ...page,
      }),
      output: z.object({ deliveries: z.array(Delivery), next }),
      errors: ['BAD_QUERY'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    redeliver: {
      summary: 'Deliver a message again, with a new budget of attempts',
      http: 'POST /deliveries/:id/redelivery',
      success: 202,
      input: z.object({ id: DeliveryId }),
      output: Delivery,
      errors: ['NO_SUCH_DELIVERY', 'CONFLICT'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    listParked: {
      summary: 'List parked messages, newest first',
      http: 'GET /parked',
      input: z.object({ queue: z.string().max(255).optional(), ...page }),
      output: z.object({ messages: z.array(ParkedMessage), next }),
      errors: ['BAD_QUERY', 'FORBIDDEN'],
      deadlineMs: 10_000,
      idempotent: true,
    },
    replayParked: {
      summary: 'Give a parked message back to its queue, with a new budget of attempts',
      http: 'POST /parked/:id/replay',
      success: 202,
      input: z.object({ id: z.string().max(64) }),
      output: ParkedMessage,
      errors: ['FORBIDDEN', 'NO_SUCH_MESSAGE', 'CONFLICT'],
      deadlineMs: 10_000,
    },
    discardParked: {
      summary: 'Discard a parked message',
      http: 'DELETE /parked/:id',
      success: 204,
      input: z.object({ id: z.string().max(64) }),
      output: z.object({}),
      errors: ['FORBIDDEN', 'NO_SUCH_MESSAGE'],
      deadlineMs: 10_000,
      idempotent: true,
    },
  },
  events: {},
})
