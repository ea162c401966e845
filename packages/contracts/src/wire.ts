/**
 * Names on the wire. Header names carry no `x-` prefix: RabbitMQ 4 maps plain scalar headers to AMQP 1.0 application
 * properties and MQTT 5 user properties, `x-` headers to annotations.
 */

export const exchanges = {
  /** direct, key = service: calls to a service */
  rpc: 'warren.rpc',
  /** direct, key = process id: synchronous runs */
  execute: 'warren.execute',
  /** direct, key = process id: questions about a process, to those that offer it */
  describe: 'warren.describe',
  /** direct, key = process id: wake-ups, "there is a queued job of this process" */
  jobs: 'warren.jobs',
  /** topic, `<service>.<instance>`, `<service>` and `all`: control messages, ping, info, stats */
  control: 'warren.control',
  /** topic, `job.<processId>.<jobId>.<event>` and the like: committed facts as CloudEvents, for subscribers */
  events: 'warren.events',
  /** fanout: where the facts are published, on their way to `events` and `mqtt` */
  facts: 'warren.facts',
  /** direct, key = app: frames that open HTTP exchanges with apps without a port */
  stream: 'warren.stream',
  /** direct, key = job: events of jobs that name a subscriber of their own, for who tells those */
  notify: 'warren.notify',
  /** headers, `wait` = ms: messages that wait for another try, each with the name of its queue as key */
  wait: 'warren.wait',
  /** direct, key = queue: messages that have waited, back to the one queue that they came from */
  requeue: 'warren.requeue',
  /** topic, key = queue: parked messages */
  dead: 'warren.dead',
  /** topic, the broker's own: what MQTT clients listen to, with `/` for `.` */
  mqtt: 'amq.topic',
} as const

export const headers = {
  /** stands in for the property `type`, for tools that cannot set that one */
  type: 'type',
  /** epoch ms after which nobody waits for the answer */
  deadline: 'deadline',
  principal: 'principal',
  /** comma separated */
  roles: 'roles',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  /** the same intent again, for as long as it is remembered; scoped to the principal */
  idempotencyKey: 'idempotency-key',
  /** the id of the HTTP request that a call serves: it stands in every log line about it */
  requestId: 'request-id',
  /** which try this delivery is, from 1; counted by those who retry, and absent on the first */
  attempt: 'attempt',
  /** ms that a message waits for its next try */
  wait: 'wait',
  /** routing key that the event was published with, on its way back to one queue */
  topic: 'topic',
  /** on a parked message: why, and after how many tries */
  reason: 'reason',
  attempts: 'attempts',
  /** on a reply: the error code; its absence means success */
  error: 'error',
  /** on the reply to a run: the id and status of the job that it became */
  jobId: 'job-id',
  status: 'status',
  /** on the reply with results: JSON text of the request's members `response` and `outputs`, when it had them */
  requested: 'requested',
} as const

export const queues = {
  rpc: (service: string) => `rpc.${service}`,
  app: (name: string) => `app.${name}`,
  execute: (processId: string) => `execute.${processId}`,
  describe: (processId: string) => `describe.${processId}`,
  jobs: (processId: string) => `jobs.${processId}`,
  control: (service: string, instance: string) => `control.${service}.${instance}`,
  live: (service: string, instance: string) => `live.${service}.${instance}`,
  subscription: (name: string) => `events.${name}`,
  notify: 'notify',
  wait: (ms: number) => `wait.${ms}`,
  dead: 'dead',
} as const

/** RabbitMQ's pseudo-queue for answers without a queue; it needs no declaration. */
export const directReplyTo = 'amq.rabbitmq.reply-to'

/** Types of the messages that are not operations of a service. */
export const messageTypes = {
  wakeUp: 'job.wake-up',
  cancel: 'call.cancel',
  stop: 'job.stop',
  pause: 'job.pause',
  resume: 'job.resume',
  extend: 'job.extend',
  /** to `live`: there are more log lines or metric points of a job */
  recorded: 'job.recorded',
  ping: 'ping',
  info: 'info',
  stats: 'stats',
  metrics: 'metrics',
} as const

/** Types of the frames that an HTTP exchange with an app is made of; the correlation id names the exchange. */
export const frameTypes = {
  /** to the app: method, target, headers, and the body if it is small */
  req: 'req',
  /** from the app: it was taken; the reply address of the instance, and how much body it takes */
  accept: 'accept',
  /** both ways: so many more `body` frames may be sent */
  credit: 'credit',
  /** both ways: bytes, at most `frameBytes` */
  body: 'body',
  /** both ways: the body is complete; how many bytes it had, and trailers */
  end: 'end',
  /** from the app: status and headers, and the body if it is small; 1xx may come before */
  head: 'head',
  /** to the app: nobody wants the answer any more */
  cancel: 'cancel',
  /** from the app: a problem instead of an answer, or of its rest */
  fail: 'fail',
  /** both ways: are you still there? */
  ping: 'ping',
} as const

export const frameHeaders = {
  /** position of the frame among those of its direction, from 0 */
  sequence: 's',
  method: 'method',
  scheme: 'scheme',
  authority: 'authority',
  /** path and query as they were sent */
  target: 'target',
  status: 'status',
  /** JSON text: pairs of name and value, in order, duplicates kept */
  fields: 'fields',
  /** on `end`: the same of the trailers */
  trailers: 'trailers',
  /** address of the HTTP client */
  client: 'client',
  /** `none`, `inline` = in this frame, or `stream` = in `body` frames that follow */
  body: 'body',
  /** how many `body` frames the receiver may send */
  credit: 'credit',
  /** on `end`: bytes of the whole body */
  bytes: 'bytes',
  /** on `req`: another instance may do it again when this one dies before `head` */
  repeatable: 'repeatable',
  /** on `accept`: the request was delivered before */
  redelivered: 'redelivered',
  /** on `cancel`: why */
  reason: 'reason',
} as const

/** Most bytes of a body in one frame. */
export const frameBytes = 65_536
