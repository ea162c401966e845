import { setTimeout as wait } from 'node:timers/promises'
import { isFinal, type Job } from '@warren/contracts'
import type { CallOptions } from '@warren/mesh'
import type { Next } from 'hono'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { App, RequestContext } from '../../env.ts'
import { waitForEnd } from '../../ogc/wait.ts'
import { bare } from './errors.ts'
import { statusOfJob, unknownJob } from './job-document.ts'
import { readNumber, readPoll } from './job-query.ts'
import { slashed } from './paths.ts'
import { readDocument } from './read-document.ts'
import { SERIES } from './run-request.ts'
import { isOutage } from '../wait.ts'

/** The client asks for 10 s, and gives up after 5 s in which it hears nothing. */
const HOLD_MS = 3_800
/** Behind the hold, for what is still to be read. */
const READ_MS = 700
/** Instead, when it took a while already to learn that nobody says who asks. */
const BEHIND_REFUSAL_MS = 1_000
/** A listing has all of every job in it. */
const MOST_LISTED = 1_000
const AT_A_TIME = 16

/** `GET /v1/job` and `GET /v1/job/{id}`. */
export function jobRoutes(v1: App, context: Context): void {
  const { executor } = context

  v1.on('GET', slashed('/job'), async (c) => {
    const options = callOptions(c)
    const { jobs } = await executor.listJobs({ series: SERIES, limit: MOST_LISTED }, options)
    const oldestFirst = jobs.toReversed()
    const documents: string[] = []
    for (let at = 0; at < oldestFirst.length; at += AT_A_TIME) {
      const some = oldestFirst.slice(at, at + AT_A_TIME)
      documents.push(...(await Promise.all(some.map((job) => readDocument(c, context, job, { options })))))
    }
    return json(`[${documents.join(',')}]`)
  })

  v1.on('GET', slashed('/job/:id'), async (c) => {
    const number = readNumber(c.req.param('id'))
    const poll = readPoll(c.req.query())
    if (typeof number === 'string') return bare(422, number)
    if (typeof poll === 'string') return bare(422, poll)
    return json(await pollJob(c, context, number, Math.min(poll.waitMs, HOLD_MS)))
  })
}

/** What is known of a job while it is polled */
const known = new WeakMap<Request, Job>()

/** The job when it ends, or as it is after so long. */
async function pollJob(c: RequestContext, context: Context, number: number, waitMs: number): Promise<string> {
  const options: CallOptions = { ...callOptions(c), deadline: Date.now() + waitMs + READ_MS }
  const found = await context.executor.findJob({ series: SERIES, number }, options)
  known.set(c.req.raw, found)
  const job = await waitForEnd(context, found, waitMs, options)
  return readDocument(c, context, job, { options })
}

/**
 * Goes around a poll, with all that comes before it. While somebody is away the job is what it was, told as late as ever:
 * the client takes another answer for the end of the job, and asks again at once after an early one.
 */
export async function keepPending(c: RequestContext, next: Next): Promise<void> {
  const since = Date.now()
  const number = readNumber(c.req.param('id')) // afterwards it is another route's
  await next()
  if (!isOutage(c.error) || typeof number === 'string') return
  const poll = readPoll(c.req.query())
  const mostMs = c.get('refusal') ? BEHIND_REFUSAL_MS : HOLD_MS
  const waitMs = typeof poll === 'string' ? 0 : Math.min(poll.waitMs, mostMs)
  await wait(Math.max(0, since + waitMs - Date.now()))
  const job = known.get(c.req.raw)
  c.res = json(unknownJob(number, job && !isFinal(job.state) ? statusOfJob(job) : 'pending'))
}

function json(text: string): Response {
  return new Response(text, { headers: { 'Content-Type': 'application/json' } })
}
