import { LogLine } from '@warren/contracts'
import { badQuery, type Query } from '../ogc/query.ts'
import type { RecordFilter } from './record-source.ts'

const { stream: Stream, level: Level } = LogLine.shape

export const everything: RecordFilter = { key: '', accepts: () => true }

/**
 * Lines of some streams (`stream`), and of a level and those above it (`level`).
 *
 * @throws WarrenError BAD_QUERY
 */
export function readLogFilter({ stream, level }: Query): RecordFilter {
  if (stream === undefined && level === undefined) return everything
  const streams = new Set<string>(stream ?? Stream.options)
  for (const name of streams) {
    if (!Stream.safeParse(name).success) throw badQuery('stream', `must be of ${Stream.options.join(', ')}`, name)
  }
  const [lowest = 'debug'] = level ?? []
  const at = Level.options.indexOf(lowest as LogLine['level'])
  if (at < 0 || (level?.length ?? 0) > 1) {
    throw badQuery('level', `must be one of ${Level.options.join(', ')}`, level?.join(','))
  }
  const levels = new Set<string>(Level.options.slice(at))
  return {
    key: `${[...streams].toSorted().join()} ${lowest}`,
    accepts: (record) => 'line' in record && streams.has(record.stream) && levels.has(record.level),
  }
}
