import type { LogLine, MetricPoint, RecordKind } from '@warren/contracts'
import type { RecordRow, RecordsEnd } from './sql/write-records.ts'

type Numbered = 'no' | 'attempt' | 'time'
/** A line or point as it came; `time` in epoch ms */
export type NewRecord = (Omit<LogLine, Numbered> | Omit<MetricPoint, Numbered>) & { readonly time: number }

/** The lines or the points of one attempt, on their way into rows. */
export interface RecordLane {
  readonly jobId: string
  readonly kind: RecordKind
  /** Returns about what it takes of memory. */
  add(record: NewRecord): number
  /** Whether it is known where the attempt before ended: without that there are no rows. */
  isPlaced(): boolean
  place(end: RecordsEnd): void
  /** Rows that are to be written; the same ones until they are. */
  rows(mostBytes: number): readonly RecordRow[]
  /** The rows that were given last are written. */
  written(): void
  /** Records that wait */
  count(): number
}

/** A row holds so many records or so much text. */
export const ROW_RECORDS = 500
const ROW_BYTES = 32_768
/** What a record costs beside its text */
const EACH_BYTES = 100

export function createRecordLane(jobId: string, kind: RecordKind, attempt: number): RecordLane {
  let fresh: NewRecord[] = []
  /** Those before it are in rows already. */
  let head = 0
  let rows: RecordRow[] = []
  let end: RecordsEnd | undefined = attempt === 1 ? { last: 0, bytes: 0 } : undefined
  return {
    jobId,
    kind,
    add: (record) => {
      fresh.push(record)
      return sizeOf(record)
    },
    isPlaced: () => end !== undefined,
    place: (found) => void (end ??= found),
    rows: (mostBytes) => {
      if (rows.length === 0) makeRows(mostBytes)
      return rows
    },
    written: () => void (rows = []),
    count: () => fresh.length - head + rows.length,
  }

  function makeRows(mostBytes: number): void {
    for (let size = 0; head < fresh.length && size < mostBytes;) {
      const row = makeRow()
      rows.push(row)
      size += row.size
    }
    if (head < fresh.length / 2) return
    fresh = fresh.slice(head)
    head = 0
  }

  function makeRow(): RecordRow {
    const { last, bytes: offset } = end as RecordsEnd
    const texts: string[] = []
    let bytes = 0
    let size = 0
    while (head < fresh.length && texts.length < ROW_RECORDS && bytes < ROW_BYTES) {
      const record = fresh[head++] as NewRecord
      texts.push(print(record, last + texts.length + 1, attempt))
      if ('line' in record) bytes += Buffer.byteLength(record.line) + 1
      size += sizeOf(record)
    }
    end = { last: last + texts.length, bytes: offset + bytes }
    return { jobId, kind, attempt, first: last + 1, last: end.last, offset, bytes, size, body: `[${texts.join(',')}]` }
  }
}

function sizeOf(record: NewRecord): number {
  return EACH_BYTES + ('line' in record ? record.line.length : record.name.length)
}

/** Neighbours are of the same moment, mostly. */
let lately = { ms: Number.NaN, text: '' }

function print(record: NewRecord, no: number, attempt: number): string {
  if (lately.ms !== record.time) lately = { ms: record.time, text: new Date(record.time).toISOString() }
  const head = `{"no":${no},"attempt":${attempt},"time":"${lately.text}"`
  if ('line' in record) {
    const { stream, level, line } = record
    return `${head},"stream":"${stream}","level":"${level}","line":${JSON.stringify(line)}}`
  }
  const { name, value, step } = record
  return `${head},"name":${JSON.stringify(name)},"value":${value}${step === undefined ? '' : `,"step":${step}`}}`
}
