import { commonErrors, LogLine, type Code, type RouteDocument } from '@warren/contracts'
import { z } from 'zod'
import { Limit, textList } from '../ogc/execute-document.ts'
import { CloudEventDocument } from './cloud-event.ts'
import { LogPage } from './logs.ts'
import { MetricSeries } from './metrics.ts'

const EventPage = z
  .object({
    events: z.array(CloudEventDocument),
    next: z.string().meta({ description: '`after` of the next page' }),
  })
  .meta({ id: 'EventPage' })

const id = z.string()
const lastEventId = z.object({
  'Last-Event-ID': z.string().optional().meta({ description: 'Id of the last event that is known, as `after`' }),
})
const after = z.string().optional().meta({ description: 'What comes behind this id' })
const ending: RouteDocument['responses'] = { 204: { description: 'Everything is known, and nothing follows' } }
const sse =
  'As `text/event-stream` each event has the id from which `Last-Event-ID` goes on: nothing is lost or told twice, ' +
  'whenever a client is cut off. A client that is too slow is read for from the database, and slows nobody.'
const endsWithJob = 'The stream ends with the job; a client that comes back then gets 204, and `EventSource` gives up.'

/** What is told of jobs while they run, and afterwards. */
export const eventDocuments: readonly RouteDocument[] = [
  events('/jobs/:id/events', 'job_events', 'Follow the events of a job', `From its first event on. ${endsWithJob}`, {
    id,
  }),
  events('/processes/:id/events', 'process_events', 'Follow the events of the jobs of a process', 'From now on.', {
    id,
  }),
  events('/events', 'events', 'Follow the events of all jobs that one may see', 'From now on.', {}),
  {
    ...route('/jobs/:id/logs', 'job_logs', 'Read or follow the log of a job'),
    description:
      'Text unless told, and then a `Range` of bytes counts when nothing is filtered. As `text/event-stream` the events ' +
      `are \`log\`, with the number of the line as id, and the data is the line as in the page. ${endsWithJob}`,
    parameters: z.object({
      id,
      after: after.meta({ description: 'Lines behind this number; not for text' }),
      stream: z.array(LogLine.shape.stream).optional(),
      level: LogLine.shape.level.optional().meta({ description: 'This level and those above it' }),
      limit: Limit.meta({ description: '1000 unless told; of a page' }),
    }),
    headers: z.object({
      ...lastEventId.shape,
      Range: z.string().optional().meta({ description: '`bytes=…`, one range (RFC 9110)' }),
    }),
    responses: {
      200: {
        description: 'The log so far, a page of it, or the stream',
        content: { 'text/plain': null, 'application/json': LogPage, 'text/event-stream': null },
        headers: { 'Accept-Ranges': '`bytes`, of text' },
      },
      206: {
        description: 'The range',
        content: { 'text/plain': null },
        headers: { 'Content-Range': 'Which bytes of how many; `*` while the log grows' },
      },
      ...ending,
    },
    errors: [...errors('NO_SUCH_JOB'), 'RANGE_NOT_SATISFIABLE'],
  },
  {
    ...route('/jobs/:id/metrics', 'job_metrics', 'Read or follow what a job measures'),
    description: `As \`text/event-stream\` the events are \`metric\`, with the number of the point as id. ${endsWithJob}`,
    parameters: z.object({
      id,
      after: after.meta({ description: 'Points behind this number' }),
      name: textList('Names of metrics; all unless told'),
      limit: z.int().min(1).max(100_000).optional().meta({ description: '10000 points unless told' }),
    }),
    headers: lastEventId,
    responses: {
      200: {
        description: 'The series so far, or the stream',
        content: { 'application/json': MetricSeries, 'text/event-stream': null },
      },
      ...ending,
    },
    errors: errors('NO_SUCH_JOB'),
  },
]

function events(path: string, name: string, summary: string, from: string, shape: z.ZodRawShape): RouteDocument {
  const ofJob = path.startsWith('/jobs')
  return {
    ...route(path, name, summary),
    description: `${from} ${sse} As JSON it is a page of the same events, from the first one on unless told.`,
    parameters: z.object({ ...shape, after, limit: Limit.meta({ description: '200 unless told, at most 1000' }) }),
    headers: lastEventId,
    responses: {
      200: {
        description: 'The stream, or a page',
        content: { 'text/event-stream': null, 'application/json': EventPage },
      },
      ...(ofJob && ending),
    },
    errors: errors(
      ...(ofJob ? (['NO_SUCH_JOB'] as const) : (['id' in shape ? 'NO_SUCH_PROCESS' : 'BAD_QUERY'] as const)),
    ),
  }
}

function route(
  path: string,
  name: string,
  summary: string,
): Pick<RouteDocument, 'method' | 'path' | 'id' | 'tag' | 'summary'> {
  return { method: 'GET', path, id: `gateway_${name}`, tag: 'processes', summary }
}

function errors(...codes: readonly Code[]): Code[] {
  return [...commonErrors, 'NOT_ACCEPTABLE', ...codes]
}
