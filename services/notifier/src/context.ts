import { executor, queues } from '@warren/contracts'
import { openDatabase, type Database } from '@warren/database'
import {
  client,
  consumeWithRetry,
  handler,
  notifyQueue,
  readEvent,
  subscribe,
  type Mesh,
  type RunningService,
  type Subscription,
} from '@warren/mesh'
import type { Config } from './config.ts'
import { recordJobEvent } from './intake/jobs.ts'
import { takeParked } from './intake/parked.ts'
import { recordEvent } from './intake/standing.ts'
import { measureWebhooks } from './metrics.ts'
import { installationSecret } from './secret.ts'
import { sweepRegularly } from './sweeper.ts'
import type { Allowed } from './webhooks/allowed.ts'
import { patternsInUse } from './webhooks/bindings.ts'
import { createSender, type Sender } from './webhooks/sender.ts'

export interface Context {
  readonly db: Database['db']
  readonly mesh: Mesh
  readonly allowed: Allowed
  /** The durable subscription, bound to what standing subscriptions want to hear of. */
  readonly events: Pick<Subscription, 'bind' | 'unbind'>
  /** To be woken when there are new messages to send. */
  readonly sender: Sender
}

export const handle = handler<Context>()

const NAME = 'notifier'

/** Tries that last for days: a database or an executor that is down must not park what waits for it. */
const intake = { attempts: 10_000 }

export async function openContext(config: Config, service: RunningService): Promise<Context> {
  const { mesh, log } = service
  const { db, sql } = await openDatabase(
    { databaseUrl: config.databaseUrl, schema: 'notifier', migrations: new URL('../drizzle/', import.meta.url) },
    service,
  )
  const { allowed, retryAfterMs, secret = await installationSecret(db) } = config
  const sender = createSender(sql, log, { allowed, retryAfterMs, secret, count: measureWebhooks(mesh, sql) })
  service.release('sender', sender.close)
  service.release('sweeper', sweepRegularly(db, log))

  const events = await subscribe(
    mesh,
    async (event, topic, text) => {
      // several a second, for as long as a job runs, and old at once
      if (event.type === executor.events.jobTold.type) return
      if ((await recordEvent(sql, event, topic, text)) > 0) sender.wake()
    },
    { durable: NAME, ...intake },
  )
  for (const pattern of await patternsInUse(db)) await events.bind(pattern)
  const jobs = client(executor, mesh)
  const ofJobs = consumeWithRetry(
    mesh,
    notifyQueue,
    async ({ content }) => {
      if ((await recordJobEvent(sql, jobs, readEvent(content.toString()))) > 0) sender.wake()
    },
    intake,
  )
  mesh.watchedQueues.add(queues.subscription(NAME))
  const dead = takeParked(mesh, db)
  for (const consumer of [ofJobs, dead]) mesh.listeners.add(consumer)
  // before the database goes: what arrives later waits in its queue
  service.release('intake', async () => {
    await Promise.all([events.close(), ofJobs.close(), dead.close()])
  })
  return { db, mesh, allowed, events, sender }
}
