import { messageTypes, type RecordKind } from '@warren/contracts'
import type { Mesh } from '@warren/mesh'

/** What executors tell of new log lines and metric points; hints, which can be lost. */
export interface RecordNews {
  watch(jobId: string, kind: RecordKind, heard: () => void): () => void
}

export function createRecordNews(controls: Mesh['controls']): RecordNews {
  const watchers = new Map<string, Set<() => void>>()
  controls.set(messageTypes.recorded, (body) => {
    const { jobId, kind } = body as { jobId: string; kind: RecordKind }
    for (const heard of watchers.get(`${kind} ${jobId}`) ?? []) heard()
  })
  return { watch }

  function watch(jobId: string, kind: RecordKind, heard: () => void): () => void {
    const key = `${kind} ${jobId}`
    const those = watchers.get(key) ?? new Set()
    watchers.set(key, those.add(heard))
    return () => {
      those.delete(heard)
      if (those.size === 0) watchers.delete(key)
    }
  }
}
