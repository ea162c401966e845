import { LogLine, type Job } from '@warren/contracts'
import { z } from 'zod'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App, RequestContext } from '../env.ts'
import { requireJobId } from '../ogc/jobs.ts'
import { readLimit, readQuery } from '../ogc/query.ts'
import { readLogFilter } from './log-filter.ts'
import { sendLogText } from './log-text.ts'
import { collectRecords } from './collect.ts'
import { recordSubject, type RecordFilter } from './record-source.ts'
import { chooseType, eventStream, readAfter, sendStream, streamIsOver } from './stream.ts'

const plainText = 'text/plain'
const number = /^\d{1,9}$/
const LIMIT = { standard: 1_000, most: 10_000 }

export const LogPage = z
  .object({
    lines: z.array(LogLine),
    last: z.int().meta({ description: 'Number of the last line that was looked at: `after` of the next page' }),
    more: z.boolean().meta({ description: 'There is more to read now' }),
    over: z.boolean().meta({ description: 'The job has ended, and nothing follows' }),
  })
  .meta({ id: 'LogPage' })

/** The log of a job, while it runs and after: as text, page by page, or as a stream that ends with the job. */
export function logRoutes(app: App, context: Context): void {
  const { executor } = context

  app.get('/jobs/:id/logs', async (c) => {
    const type = chooseType(c, [plainText, 'application/json', eventStream])
    const query = readQuery(c, type === plainText ? ['stream', 'level'] : ['after', 'stream', 'level', 'limit'])
    const filter = readLogFilter(query)
    const limit = readLimit(query, LIMIT)
    const after = Number((type === plainText ? undefined : readAfter(c, query, number)) ?? 0)
    const job = await executor.getJob({ id: requireJobId(c.req.param('id')) }, callOptions(c))
    if (type === plainText) return sendText(c, job, filter)
    if (type === eventStream) return sendRecords(c, context, { job, kind: 'log', after, filter })
    const { records, ...page } = await collectRecords(c, executor, { job, kind: 'log', after, limit, filter })
    return c.json({ lines: records, ...page })
  })

  function sendText(c: RequestContext, { id }: Job, filter: RecordFilter): Promise<Response> {
    return sendLogText(executor, {
      id,
      principal: c.get('principal'),
      filter,
      range: c.req.header('range'),
      isHead: c.req.method === 'HEAD',
    })
  }
}

/** The records of a job as they come, until it ends. */
export async function sendRecords(
  c: RequestContext,
  context: Context,
  { job, kind, after, filter }: { job: Job; kind: 'log' | 'metric'; after: number; filter: RecordFilter },
): Promise<Response> {
  const { executor, feeds } = context
  if (after > 0) {
    const { records, over } = await executor.listRecords({ id: job.id, kind, after }, callOptions(c))
    if (over && records.length === 0) return streamIsOver()
  }
  const subject = recordSubject(context, c.get('principal'), job, kind, filter)
  return sendStream(c, () => feeds.open(subject, String(after), false))
}
