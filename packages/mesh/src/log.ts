import { pino, type Logger } from 'pino'

export type { Logger }

/** The log of a service: JSON lines on stdout. Nothing else in a service writes there. */
export function createLog(service: string, instance: string, level: string): Logger {
  return pino({
    level,
    base: { service, instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  })
}
