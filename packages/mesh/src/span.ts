/** W3C Trace Context, as it travels in headers: https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent?: string | undefined
  readonly tracestate?: string | undefined
}

export interface SpanStart {
  /** Of few values: an operation, a route, never an id. */
  readonly name: string
  readonly kind: 'server' | 'client' | 'internal'
  readonly parent: TraceContext
  readonly attributes?: Readonly<Record<string, string | number>>
}

export interface Span {
  /** What is called within the span gets this. */
  readonly context: TraceContext
  /** @param how `error`: a code of the catalogue, or a status; `name` where it is known late */
  end(how?: SpanEnd): void
}

export interface SpanEnd {
  readonly error?: string | undefined
  readonly name?: string
  readonly attributes?: Readonly<Record<string, string | number>>
}

export interface Tracer {
  start(span: SpanStart): Span
  /** Sends what has not been sent yet. */
  close(): Promise<void>
}
