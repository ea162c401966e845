import { defineService, Job, ProcessRef, type WarrenError } from '@warren/contracts'
import { client, emit, startService, subscribe } from '@warren/mesh'
import { desk, serveDesk } from '../support/mesh.ts'

/**
 * A service that does a bit of everything, stops, and then has to end by itself. Its `close` does not wait for
 * what is never answered.
 */
const silent = defineService('silent', {
  operations: {
    ask: {
      summary: 'Never answered',
      input: ProcessRef.pick({}),
      output: Job,
      errors: [],
      deadlineMs: 60_000,
      idempotent: true,
    },
  },
  events: {},
})

const [amqpUrl = ''] = process.argv.slice(2)
const { mesh, stop } = await startService('child', { amqpUrl, logLevel: 'silent' }, async ({ mesh }) => {
  await serveDesk(mesh)
  const live = await subscribe(mesh, () => {}, { patterns: ['desk.#'] })
  const durable = await subscribe(mesh, () => {}, { patterns: ['desk.#'], durable: 'child' })
  await Promise.all([live.up, durable.up])
  await mesh.requester.ready(5_000)
  await client(desk, mesh).echo({ text: 'hi' })
  await Promise.all(Array.from({ length: 300 }, () => emit(mesh, desk.events.said, { id: 'a', text: '' })))
})
const unanswered = client(silent, mesh)
  .ask({})
  .then(
    () => 'answered',
    (error: WarrenError) => error.code,
  )
await stop()
process.stdout.write(`${await unanswered} ${Date.now()}\n`)
