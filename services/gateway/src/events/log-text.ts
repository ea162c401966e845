import { WarrenError, type LogLine } from '@warren/contracts'
import type { Context } from '../context.ts'
import type { Principal } from '../auth.ts'
import { byteRange, type ByteRange } from './byte-range.ts'
import type { RecordFilter } from './record-source.ts'
import { everything } from './log-filter.ts'

const type = 'text/plain; charset=utf-8'

export interface LogText {
  readonly id: string
  readonly principal: Principal
  readonly filter: RecordFilter
  /** Header `Range` (RFC 9110, section 14.2), which counts for a whole log only */
  readonly range: string | undefined
  readonly isHead: boolean
}

/**
 * A log as text, each line with a line feed: as much of it as there is now. A range of a log that still grows does not
 * say how long the log is.
 *
 * @throws WarrenError RANGE_NOT_SATISFIABLE
 */
export async function sendLogText(executor: Context['executor'], log: LogText): Promise<Response> {
  const { id, principal, filter, range, isHead } = log
  const caller = { principal: principal.id, roles: principal.roles }
  if (filter !== everything) {
    return new Response(isHead ? null : filtered(), { headers: { 'Content-Type': type, 'Cache-Control': 'no-store' } })
  }
  const { bytes, over } = await executor.listRecords({ id, kind: 'log', offset: Number.MAX_SAFE_INTEGER }, caller)
  const part = byteRange(range, bytes)
  if (part === 'unsatisfiable') {
    throw new WarrenError('RANGE_NOT_SATISFIABLE', `The log has ${bytes} bytes`, { more: { bytes } })
  }
  const { from, to } = part ?? { from: 0, to: bytes }
  return new Response(isHead ? null : between({ from, to }), {
    status: part ? 206 : 200,
    headers: {
      'Content-Type': type,
      'Content-Length': String(to - from),
      'Accept-Ranges': 'bytes',
      'Cache-Control': 'no-store',
      ...(part && { 'Content-Range': `bytes ${from}-${to - 1}/${over ? bytes : '*'}` }),
    },
  })

  function between({ from, to }: ByteRange): ReadableStream<Uint8Array> {
    let at = from
    return pulled(async (controller) => {
      if (at >= to) return controller.close()
      const page = await executor.listRecords({ id, kind: 'log', offset: at }, caller)
      const text = Buffer.from(textOf(page.records as LogLine[]))
      const chunk = text.subarray(at - page.offset, to - page.offset)
      if (chunk.length === 0) throw new WarrenError('UNAVAILABLE', 'The log became shorter')
      at += chunk.length
      controller.enqueue(chunk)
    })
  }

  function filtered(): ReadableStream<Uint8Array> {
    let after: number | undefined = 0
    return pulled(async (controller) => {
      while (after !== undefined) {
        const { records, more } = await executor.listRecords({ id, kind: 'log', after }, caller)
        after = more ? records.at(-1)?.no : undefined
        const text = textOf(records.filter(filter.accepts) as LogLine[])
        if (text !== '') return controller.enqueue(Buffer.from(text))
      }
      controller.close()
    })
  }
}

/** Only as much is read as the other end takes. */
function pulled(pull: (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void>) {
  return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
}

function textOf(lines: readonly LogLine[]): string {
  return lines.map(({ line }) => `${line}\n`).join('')
}
