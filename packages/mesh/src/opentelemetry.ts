import { setTimeout as wait } from 'node:timers/promises'
import { catalogue, isCode } from '@warren/contracts'
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type SpanContext,
  type Span as OtelSpan,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace'
import type { TracesConfig } from './config.ts'
import type { Span, SpanEnd, SpanStart, TraceContext, Tracer } from './span.ts'

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL }
const EXPORT_MS = 5_000
const CLOSE_MS = 2_000

/** Spans by the OpenTelemetry SDK, sent as OTLP over HTTP. */
export function createTracer(config: TracesConfig, service: string, instance: string): Tracer {
  const provider = new TracerProvider({
    sampler: samplerOf(config),
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          'service.name': service,
          'service.namespace': 'warren',
          'service.instance.id': instance,
        }),
      )
      .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] })),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: config.url, timeoutMillis: EXPORT_MS }),
        scheduledDelayMillis: config.delayMs,
        exportTimeoutMillis: EXPORT_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('warren')
  // a collector that is away must not hold up the end
  return {
    start,
    close: () => Promise.race([provider.shutdown().catch(() => {}), wait(CLOSE_MS, undefined, { ref: false })]),
  }

  function start({ name, kind, parent, attributes }: SpanStart): Span {
    const above = spanContextOf(parent)
    const context = above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT
    const span = tracer.startSpan(name, { kind: kinds[kind], ...(attributes && { attributes }) }, context)
    return { context: contextOf(span.spanContext()), end: (how) => end(span, kind, how) }
  }
}

function end(span: OtelSpan, kind: SpanStart['kind'], { error, name, attributes }: SpanEnd = {}): void {
  if (name !== undefined) span.updateName(name)
  if (attributes) span.setAttributes(attributes)
  if (error !== undefined) {
    span.setAttribute('error.type', error)
    // that a caller was wrong is no error of who told it so
    const isOurs = kind !== 'server' || !isCode(error) || catalogue[error].http >= 500
    if (isOurs) span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}

function spanContextOf({ traceparent, tracestate }: TraceContext): SpanContext | undefined {
  if (traceparent === undefined) return undefined
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return {
    traceId,
    spanId,
    traceFlags: parseInt(flags, 16),
    isRemote: true,
    ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
  }
}

function contextOf({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  return traceState ? { traceparent, tracestate: traceState.serialize() } : { traceparent }
}

/** The names that OpenTelemetry gives them: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
function samplerOf({ sampler, ratio }: TracesConfig): Sampler {
  const roots: Record<string, () => Sampler> = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(ratio),
  }
  const root = roots[sampler.replace('parentbased_', '')]?.() ?? new TraceIdRatioBasedSampler(ratio)
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}
