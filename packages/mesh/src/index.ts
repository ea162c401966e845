export * from './backoff.ts'
export { isDeliveryLost } from './call.ts'
export * from './client.ts'
export * from './config.ts'
export * from './consumer.ts'
export * from './control.ts'
export * from './events.ts'
export { shrinkHeap } from './garbage.ts'
export type { Logger } from './log.ts'
export * from './mesh.ts'
export {
  metricsContentType,
  printMetrics,
  type Family,
  type Gauge,
  type Meter,
  type Metrics,
  type Reading,
} from './metrics.ts'
export * from './mqtt.ts'
export * from './publisher.ts'
export * from './retry.ts'
export * from './run.ts'
export * from './server.ts'
export type { Delivery } from './settling.ts'
export type { AppRequest, ExchangeOptions } from './stream/app-ask.ts'
export { openExchange, type AppAnswer } from './stream/exchange.ts'
export * from './stream/fetch-app.ts'
export type { Fields } from './stream/fields.ts'
export * from './stream/serve-http.ts'
export * from './topology.ts'
export { inSpan, readTraceContext, traceIdOf, type Span, type TraceContext, type Tracer } from './trace.ts'
