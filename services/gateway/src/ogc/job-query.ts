import { JobStatus } from '@warren/contracts'
import { isProcessId } from './processes.ts'
import { badQuery, readLimit, type Query } from './query.ts'

/** The parameters of `GET /jobs`, as OGC API - Processes - Part 1, 11 (job list) names them; `after` is our cursor. */
export const jobParameters = [
  'processID',
  'status',
  'type',
  'datetime',
  'minDuration',
  'maxDuration',
  'limit',
  'after',
] as const

export interface JobFilter {
  readonly processIds?: string[]
  readonly statuses?: JobStatus[]
  readonly createdFrom?: string
  readonly createdTo?: string
  readonly minDuration?: number
  readonly maxDuration?: number
  readonly limit: number
  readonly after?: string
}

/**
 * The filter that a query stands for; `undefined` when nothing can match it. The values of one parameter are
 * alternatives, the parameters have to match together.
 *
 * @throws WarrenError BAD_QUERY
 */
export function readJobFilter(query: Query): JobFilter | undefined {
  const limit = readLimit(query)
  const statuses = query.status?.map(readStatus)
  const processIds = query.processID?.filter(isProcessId)
  const minimum = durations(query, 'minDuration')
  const maximum = durations(query, 'maxDuration')
  const period = query.datetime && readPeriod(query.datetime)
  if (processIds?.length === 0 || (query.type && !query.type.includes('process'))) return undefined
  return {
    limit,
    ...(processIds && { processIds }),
    ...(statuses?.length && { statuses }),
    ...(minimum && { minDuration: Math.min(...minimum) }),
    ...(maximum && { maxDuration: Math.max(...maximum) }),
    ...period,
    ...(query.after?.[0] && { after: query.after[0] }),
  }
}

/**
 * A moment or an interval (RFC 3339, `..` or nothing for an open end) as inclusive bounds.
 *
 * @throws WarrenError BAD_QUERY
 */
export function readPeriod(values: readonly string[]): Pick<JobFilter, 'createdFrom' | 'createdTo'> {
  const text = values.join(',')
  const ends = text.split('/')
  if (ends.length > 2) throw badQuery('datetime', 'must be a moment or an interval', text)
  const [from, to = from] = ends.map((end) => (end === '' || end === '..' ? undefined : readMoment(end)))
  const isOpen = ends.length === 2 && ends[1] !== undefined && (ends[1] === '' || ends[1] === '..')
  const until = isOpen ? undefined : to
  if (!from && !until) throw badQuery('datetime', 'must have at least one end', text)
  if (from && until && from > until) throw badQuery('datetime', 'must not end before it begins', text)
  return { ...(from && { createdFrom: from }), ...(until && { createdTo: until }) }
}

/** Offsets become UTC, so that moments can be compared as text. */
function readMoment(text: string): string {
  // in a query an unescaped "+" of an offset arrives as a space
  const moment = text.replace(/ (?=\d\d:\d\d$)/, '+')
  if (!/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(moment)) throw badMoment(text)
  const date = new Date(moment.toUpperCase())
  if (Number.isNaN(date.getTime())) throw badMoment(text)
  return date.toISOString()
}

function badMoment(text: string): Error {
  return badQuery('datetime', 'must be a date and time such as 2026-11-21T09:00:00Z', text)
}

function readStatus(value: string): JobStatus {
  const status = JobStatus.safeParse(value)
  if (!status.success) throw badQuery('status', `must be one of ${JobStatus.options.join(', ')}`, value)
  return status.data
}

function durations(query: Query, name: 'minDuration' | 'maxDuration'): number[] | undefined {
  const values = query[name]?.map((text) => {
    const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isFinite(seconds)) throw badQuery(name, 'must be a number of seconds', text)
    return seconds
  })
  return values?.length ? values : undefined
}
