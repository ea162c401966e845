import { isFinal, type Job } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { requireJobId } from '../ogc/jobs.ts'
import { readLimit, readQuery } from '../ogc/query.ts'
import { requireProcessId } from '../ogc/processes.ts'
import { cloudEventOf } from './cloud-event.ts'
import { eventSubject, isFinalEvent, justBefore, type EventFilter } from './event-source.ts'
import { chooseType, eventStream, readAfter, sendStream, streamIsOver } from './stream.ts'

const cursor = /^\d{1,19}-\d{1,19}$/
const BEGINNING = '0-0'
/** Behind every transaction there will ever be. */
const END = `${'9'.repeat(19)}-0`
const LIMIT = { standard: 200, most: 1_000 }

/** What happened to jobs: as a stream that goes on, or page by page. */
export function eventRoutes(app: App, context: Context): void {
  const { executor, feeds, descriptions } = context

  app.get('/jobs/:id/events', async (c) => {
    const asked = readRequest(c)
    const job = await executor.getJob({ id: requireJobId(c.req.param('id')) }, callOptions(c))
    const filter = { jobId: job.id, processId: job.processId }
    if (asked.type !== eventStream) return page(c, { jobId: job.id }, asked)
    if (asked.after !== undefined && (await hasTold(c, job, asked.after))) return streamIsOver()
    return stream(c, filter, asked.after ?? BEGINNING, { isOver: isFinal(job.state) })
  })

  app.get('/processes/:id/events', async (c) => {
    const asked = readRequest(c)
    const processId = requireProcessId(c.req.param('id'))
    await descriptions.find(processId)
    return asked.type === eventStream ? fromNow(c, { processId }, asked.after) : page(c, { processId }, asked)
  })

  app.get('/events', async (c) => {
    const asked = readRequest(c)
    return asked.type === eventStream ? fromNow(c, {}, asked.after) : page(c, {}, asked)
  })

  async function fromNow(c: RequestContext, filter: EventFilter, after: string | undefined): Promise<Response> {
    if (after !== undefined) return stream(c, filter, after)
    const { now } = await executor.listEvents({ ...filter, after: END, limit: 1 }, callOptions(c))
    return stream(c, filter, now, { announced: true })
  }

  function stream(
    c: RequestContext,
    filter: EventFilter,
    from: string,
    { announced = false, isOver = false }: { announced?: boolean; isOver?: boolean } = {},
  ): Response {
    const subject = { ...eventSubject(context, c.get('principal'), filter), isOver }
    return sendStream(c, () => feeds.open(subject, from, announced))
  }

  async function page(c: RequestContext, filter: EventFilter, { after, limit }: Asked): Promise<Response> {
    const input = { ...filter, limit, ...(after !== undefined && { after }) }
    const { events, now } = await executor.listEvents(input, callOptions(c))
    return c.json({ events: events.map(cloudEventOf), next: now })
  }

  /** Whether the event that a client knows is the last one of its job. */
  async function hasTold(c: RequestContext, job: Job, after: string): Promise<boolean> {
    if (!isFinal(job.state)) return false
    const input = { jobId: job.id, after: justBefore(after), limit: 1 }
    const [event] = (await executor.listEvents(input, callOptions(c))).events
    return event === undefined || (event.cursor === after && isFinalEvent(event))
  }
}

interface Asked {
  readonly type: string
  readonly after: string | undefined
  readonly limit: number
}

function readRequest(c: RequestContext): Asked {
  const type = chooseType(c, [eventStream, 'application/json'])
  const query = readQuery(c, ['after', 'limit'])
  return { type, after: readAfter(c, query, cursor), limit: readLimit(query, LIMIT) }
}
