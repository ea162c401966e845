import type { MetricPoint } from '@warren/contracts'
import { z } from 'zod'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { requireJobId } from '../ogc/jobs.ts'
import { readLimit, readQuery, type Query } from '../ogc/query.ts'
import { collectRecords } from './collect.ts'
import { everything } from './log-filter.ts'
import { sendRecords } from './logs.ts'
import type { RecordFilter } from './record-source.ts'
import { chooseType, eventStream, readAfter } from './stream.ts'

const number = /^\d{1,9}$/
const LIMIT = { standard: 10_000, most: 100_000 }

export const MetricSeries = z
  .object({
    series: z.array(
      z.object({
        name: z.string(),
        points: z.array(z.array(z.unknown()).length(3)).meta({
          description: 'Of each point its step (null when it was not told), its value and its time',
        }),
      }),
    ),
    last: z.int().meta({ description: 'Number of the last point that was looked at: `after` of the next page' }),
    more: z.boolean().meta({ description: 'There is more to read now' }),
    over: z.boolean().meta({ description: 'The job has ended, and nothing follows' }),
  })
  .meta({ id: 'MetricSeries' })

/** What a job measures as it goes: as series, or as a stream of points that ends with the job. */
export function metricRoutes(app: App, context: Context): void {
  const { executor } = context

  app.get('/jobs/:id/metrics', async (c) => {
    const type = chooseType(c, ['application/json', eventStream])
    const query = readQuery(c, ['after', 'name', 'limit'])
    const filter = readNames(query)
    const limit = readLimit(query, LIMIT)
    const after = Number(readAfter(c, query, number) ?? 0)
    const job = await executor.getJob({ id: requireJobId(c.req.param('id')) }, callOptions(c))
    if (type === eventStream) return sendRecords(c, context, { job, kind: 'metric', after, filter })
    const { records, ...page } = await collectRecords(c, executor, { job, kind: 'metric', after, limit, filter })
    return c.json({ series: toSeries(records as MetricPoint[]), ...page })
  })
}

function readNames({ name }: Query): RecordFilter {
  if (name === undefined) return everything
  const names = new Set(name)
  return { key: JSON.stringify([...names].toSorted()), accepts: (record) => 'name' in record && names.has(record.name) }
}

function toSeries(points: readonly MetricPoint[]): z.infer<typeof MetricSeries>['series'] {
  return [...Map.groupBy(points, ({ name }) => name)].map(([name, those]) => ({
    name,
    points: those.map(({ step, value, time }) => [step ?? null, value, time]),
  }))
}
