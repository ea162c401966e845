import { executor as contract, type Job, type LogLine, type MetricPoint, type RecordKind } from '@warren/contracts'
import type { Principal } from '../auth.ts'
import type { Context } from '../context.ts'
import { subjectOf } from '../live.ts'
import type { Subject } from './feeds.ts'
import { frame } from './frame.ts'

export type StoredRecord = LogLine | MetricPoint

export interface RecordFilter {
  /** Tells filters apart */
  readonly key: string
  readonly accepts: (record: StoredRecord) => boolean
}

/** The log lines or metric points of a job, to its end. Their numbers are their places. */
export function recordSubject(
  { executor, live, recordNews }: Pick<Context, 'executor' | 'live' | 'recordNews'>,
  { id: principal, roles }: Principal,
  { id, processId }: Pick<Job, 'id' | 'processId'>,
  kind: RecordKind,
  { key, accepts }: RecordFilter,
): Subject {
  return {
    key: `${kind} ${principal} ${roles.join()} ${id} ${key}`,
    source: {
      read: async (after) => {
        const { records, more, over } = await executor.listRecords(
          { id, kind, after: Number(after) },
          { principal, roles },
        )
        return {
          frames: records.filter(accepts).map((record) => frame(String(record.no), kind, record)),
          end: String(records.at(-1)?.no ?? after),
          more,
          over,
        }
      },
    },
    watch: async (hint) => {
      const forgetNews = recordNews.watch(id, kind, () => hint())
      // the end of the job is the end of its records
      const forgetEvents = await live.watch(subjectOf(contract.events.jobSuccessful, { processId, jobId: id }), () =>
        hint(),
      )
      return () => {
        forgetNews()
        forgetEvents()
      }
    },
  }
}
