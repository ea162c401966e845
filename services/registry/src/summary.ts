import type { ProcessDescription, ProcessSummary } from '@warren/contracts'

/** What a list and an event say of a process. */
export function summaryOf(process: ProcessDescription): ProcessSummary {
  const { id, version, title, description, keywords, jobControlOptions } = process
  return { id, version, title, description, ...(keywords && { keywords }), jobControlOptions }
}
