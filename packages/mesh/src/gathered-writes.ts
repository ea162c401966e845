import type { Socket } from 'node:net'

/** A connection is busy while it makes more writes than this in a window of that many ms. */
const BUSY_WRITES = 30
const WINDOW_MS = 20

/**
 * Makes a busy connection write when the next turn of the event loop has been heard too. amqplib writes once for each
 * channel and turn, and under load a turn handles one or two messages: the system calls then cost more than all else.
 * Below the threshold every write goes at once.
 *
 * n.b. the socket is amqplib's `connection.stream`, which its types do not show; without it nothing changes.
 */
export function gatherWrites(model: object): void {
  const { stream: socket } = (model as { connection?: { stream?: Socket } }).connection ?? {}
  if (typeof socket?.cork !== 'function') return
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  let windowStart = performance.now()
  let writes = 0
  let busy = false
  let corked = false
  socket.write = (...args: unknown[]): boolean => {
    count()
    if (busy && !corked) {
      corked = true
      socket.cork()
      setImmediate(flush)
    }
    return write(...args)
  }

  function count(): void {
    writes++
    const now = performance.now()
    if (now - windowStart < WINDOW_MS) return
    busy = (writes * WINDOW_MS) / (now - windowStart) > BUSY_WRITES
    windowStart = now
    writes = 0
  }

  function flush(): void {
    corked = false
    socket?.uncork()
  }
}
