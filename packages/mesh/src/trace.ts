import type { TracesConfig } from './config.ts'
import type { SpanStart, TraceContext, Tracer } from './span.ts'

const isTraceparent = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/
const TRACESTATE_MOST = 512

/** The given context where it is one; what is none is not passed on. */
export function readTraceContext(traceparent: unknown, tracestate: unknown): TraceContext {
  if (typeof traceparent !== 'string' || !isTraceparent.test(traceparent)) return none
  const isState = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= TRACESTATE_MOST
  return isState ? { traceparent, tracestate } : { traceparent }
}

const none: TraceContext = {}

/** The part of a context that logs name. */
export function traceIdOf({ traceparent }: TraceContext): string | undefined {
  return traceparent?.slice(3, 35)
}

/** The OpenTelemetry SDK is loaded only where somebody wants the spans; contexts are passed on all the same. */
export async function openTracer(
  config: TracesConfig | undefined,
  service: string,
  instance: string,
): Promise<Tracer | undefined> {
  if (!config) return undefined
  const { createTracer } = await import('./opentelemetry.ts')
  return createTracer(config, service, instance)
}

/** Does the work within a span, where spans are wanted; its error is the span's. */
export async function inSpan<T>(
  tracer: Tracer | undefined,
  start: SpanStart,
  work: (context: TraceContext) => Promise<T>,
  errorOf: (result: T) => string | undefined = () => undefined,
): Promise<T> {
  if (!tracer) return work(start.parent)
  const span = tracer.start(start)
  try {
    const result = await work(span.context)
    span.end({ error: errorOf(result) })
    return result
  } catch (error) {
    span.end({ error: (error as { code?: string }).code ?? 'INTERNAL' })
    throw error
  }
}
