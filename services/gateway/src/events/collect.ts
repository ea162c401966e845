import type { Job, RecordKind } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { RequestContext } from '../env.ts'
import type { RecordFilter, StoredRecord } from './record-source.ts'

export interface Collection {
  readonly job: Pick<Job, 'id'>
  readonly kind: RecordKind
  /** Number of the last one that is known */
  readonly after: number
  readonly limit: number
  readonly filter: RecordFilter
}

export interface Collected {
  readonly records: StoredRecord[]
  /** Number of the last one that was looked at */
  readonly last: number
  readonly more: boolean
  readonly over: boolean
}

/** So many that fit, from as many pages as it takes. */
export async function collectRecords(
  c: RequestContext,
  executor: Context['executor'],
  { job: { id }, kind, after, limit, filter }: Collection,
): Promise<Collected> {
  const found: StoredRecord[] = []
  let last = after
  for (;;) {
    const { records, more, over } = await executor.listRecords({ id, kind, after: last }, callOptions(c))
    for (const record of records) {
      if (found.length === limit) return { records: found, last, more: true, over: false }
      last = record.no
      if (filter.accepts(record)) found.push(record)
    }
    if (!more) return { records: found, last, more, over }
  }
}
