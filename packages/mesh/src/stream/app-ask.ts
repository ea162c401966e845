import { frameHeaders, headers } from '@warren/contracts'
import type { Fields } from './fields.ts'
import { WINDOW, type FrameHeaders } from './frame.ts'
import type { Gathered } from './gather.ts'

/** What is asked of an app. */
export interface AppRequest {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  /** Path and query, as they were sent */
  readonly target: string
  readonly fields: Fields
  /** Address of the HTTP client */
  readonly client?: string | undefined
  readonly body?: AsyncIterable<Uint8Array> | undefined
  /** Of the body; asked when it has ended. */
  readonly trailers?: () => Fields
  /** Read nothing of the body before the app asks for it. */
  readonly holdBody?: boolean
}

export interface ExchangeOptions {
  readonly signal?: AbortSignal | undefined
  /** Epoch ms until which the answer must begin; it moves along while the request's body does. */
  readonly deadline?: number
  readonly principal?: string
  readonly roles?: readonly string[]
  readonly requestId?: string | undefined
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
  /** The app takes the body now. It may answer without. */
  readonly bodyWanted?: () => void
  /** Answers before the answer, such as 103. */
  readonly informed?: (status: number, fields: Fields) => void
}

/** Headers of the frame that opens the exchange. */
export function requestHeaders(
  request: AppRequest,
  options: ExchangeOptions,
  { fields, at, repeatable, kind }: { fields: string; at: number; repeatable: boolean; kind: Gathered['kind'] },
): FrameHeaders {
  const all: Record<string, string | number | boolean | undefined> = {
    [frameHeaders.method]: request.method,
    [frameHeaders.scheme]: request.scheme,
    [frameHeaders.authority]: request.authority,
    [frameHeaders.target]: request.target,
    [frameHeaders.fields]: fields,
    [frameHeaders.client]: request.client,
    [frameHeaders.body]: kind,
    [frameHeaders.credit]: WINDOW,
    [frameHeaders.repeatable]: repeatable,
    [headers.deadline]: at,
    [headers.principal]: options.principal,
    [headers.roles]: options.roles?.join(','),
    [headers.requestId]: options.requestId,
    [headers.traceparent]: options.traceparent,
    [headers.tracestate]: options.tracestate,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as FrameHeaders
}
