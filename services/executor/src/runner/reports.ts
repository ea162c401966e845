import type { HostMessage } from './protocol.ts'
import { keepSaid } from './run-log.ts'
import type { Run } from './run.ts'

/** Passes on what a run tells while it goes on. */
export function passOn(run: Run, message: HostMessage, maxLogBytes: number): void {
  const { hooks } = run
  switch (message.type) {
    case 'progress':
      run.signs++
      return void (Number.isFinite(message.percent) && hooks.onProgress?.(message.percent, message.message))
    case 'metric':
      run.signs++
      return void (Number.isFinite(message.value) && hooks.onMetric?.(message.name, message.value, message.step))
    case 'log':
      // A host of another language may send anything.
      if (typeof message.message === 'string') keepSaid(run, message.level, message.message, maxLogBytes)
      return
    case 'tell':
      run.signs++
      return void (typeof message.name === 'string' && hooks.onTell?.(message.name, message.data))
    case 'checkpoint':
      run.signs++
      return hooks.onCheckpoint?.(message.state)
  }
}
