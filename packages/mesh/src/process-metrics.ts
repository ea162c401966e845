import { readdir } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

const LAG_EVERY_MS = 250

/**
 * Measures this operating system process. The lag of the event loop is how much later than asked a timer fires; a timer
 * four times a second costs nothing, unlike the monitor of Node, which needs one every 10 ms.
 *
 * @returns a function that ends it
 */
export function measureProcess(metrics: Metrics): () => void {
  let due = performance.now() + LAG_EVERY_MS
  let lagMs = 0
  let lagMostMs = 0
  const timer = setInterval(() => {
    const now = performance.now()
    lagMs = Math.max(0, now - due)
    lagMostMs = Math.max(lagMostMs, lagMs)
    due = now + LAG_EVERY_MS
  }, LAG_EVERY_MS)
  timer.unref()
  metrics.measure(
    {
      cpu: { name: 'process_cpu_seconds_total', help: 'CPU time, user and system', counter: true },
      resident: { name: 'process_resident_memory_bytes', help: 'Resident memory' },
      started: { name: 'process_start_time_seconds', help: 'Start, since the Unix epoch' },
      files: { name: 'process_open_fds', help: 'Open file descriptors' },
      heap: { name: 'nodejs_heap_size_used_bytes', help: 'Heap that is used' },
      external: { name: 'nodejs_external_memory_bytes', help: 'Memory outside the heap, such as buffers' },
      lag: { name: 'nodejs_eventloop_lag_seconds', help: 'How late the last timer of a measurement was' },
      lagMost: { name: 'nodejs_eventloop_lag_max_seconds', help: 'The longest delay since the metrics were last read' },
      busy: {
        name: 'nodejs_eventloop_active_seconds_total',
        help: 'Time that the event loop did not wait for something to do',
        counter: true,
      },
    },
    async () => {
      const { user, system } = process.cpuUsage()
      const { rss, heapUsed, external } = process.memoryUsage()
      // a delay that goes on: its timer has not fired yet
      const overdueMs = Math.max(0, performance.now() - due)
      const readings = {
        cpu: (user + system) / 1e6,
        resident: rss,
        started: performance.timeOrigin / 1_000,
        files: await openFiles(),
        heap: heapUsed,
        external,
        lag: Math.max(lagMs, overdueMs) / 1_000,
        lagMost: Math.max(lagMostMs, overdueMs) / 1_000,
        busy: performance.eventLoopUtilization().active / 1_000,
      }
      lagMostMs = 0
      const { files, ...others } = readings
      return files === undefined ? others : { ...others, files }
    },
  )
  return () => clearInterval(timer)
}

/** Where the system does not tell, there is no such metric. */
async function openFiles(): Promise<number | undefined> {
  return readdir('/proc/self/fd').then(
    (those) => those.length,
    () => undefined,
  )
}
