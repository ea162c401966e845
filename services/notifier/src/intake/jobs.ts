import { executor, WarrenError, type Subscriber, ADMIN, statusInfoOf, type Job } from '@warren/contracts'
import { Unreadable, type CallOptions, type Client, type CloudEvent } from '@warren/mesh'
import type { Sql } from 'postgres'

type Executor = Client<typeof executor>

const asAdmin: CallOptions = { principal: 'notifier', roles: [ADMIN] }

const { jobStarted, jobProgressed, jobPaused, jobResumed, jobRequeued, jobSuccessful, jobFailed, jobDismissed } =
  executor.events

/** OGC API - Processes - Part 1, 7.11.2.6: which URI of a job's subscriber hears of which event. */
const members = new Map<string, keyof Subscriber>([
  [jobStarted.type, 'inProgressUri'],
  [jobProgressed.type, 'inProgressUri'],
  [jobPaused.type, 'inProgressUri'],
  [jobResumed.type, 'inProgressUri'],
  [jobRequeued.type, 'inProgressUri'],
  [jobSuccessful.type, 'successUri'],
  [jobFailed.type, 'failedUri'],
  [jobDismissed.type, 'failedUri'],
])

/**
 * Writes a delivery for the subscriber that a job names itself, one however often the event comes: the results of a
 * success, the status of anything else. Gives how many are new.
 *
 * @throws WarrenError when the executor cannot be asked now: try again
 */
export async function recordJobEvent(sql: Sql, jobs: Executor, event: CloudEvent): Promise<number> {
  const member = members.get(event.type)
  if (!member) return 0
  const { jobId } = event.data as { jobId?: unknown }
  if (typeof jobId !== 'string') throw new Unreadable('no event of a job')
  const told = await ask(jobs, jobId, member)
  if (!told) return 0
  const { host } = new URL(told.url)
  const inserted = await sql`
insert into notifier.deliveries (id, owner, job_id, event, event_type, url, host, lane, content_type, body)
values ('msg_' || replace(gen_random_uuid()::text, '-', ''), ${told.owner}, ${jobId}, ${`${event.source} ${event.id}`},
  ${event.type}, ${told.url}, ${host}, ${host}, 'application/json', ${told.body})
on conflict (event, lane) do nothing`
  return inserted.count
}

interface Told {
  readonly owner: string
  readonly url: string
  readonly body: string
}

async function ask(jobs: Executor, id: string, member: keyof Subscriber): Promise<Told | undefined> {
  try {
    const { owner, subscriber } = await jobs.getSubscriber({ id }, asAdmin)
    const url = subscriber?.[member]
    if (url === undefined) return undefined
    if (member !== 'successUri')
      return { owner, url, body: JSON.stringify(statusOf(await jobs.getJob({ id }, asAdmin))) }
    return { owner, url, body: (await jobs.getResults({ id }, asAdmin)).body } // raw: `1.0` stays `1.0`
  } catch (error) {
    // it was removed meanwhile, and with it what there was to tell
    if (error instanceof WarrenError && gone.has(error.code)) return undefined
    throw error
  }
}

/** Without links: which URL a gateway is reached by is known to its clients only. */
function statusOf(job: Job): object {
  const { state, attempt, mode, owner } = job
  return { ...statusInfoOf(job), warren: { state, attempt, mode, owner } }
}

const gone = new Set<string>(['NO_SUCH_JOB', 'RESULT_NOT_AVAILABLE'])
