import { Socket } from 'node:net'
import { writeSync } from 'node:fs'
import { once } from 'node:events'

const fd = 3

export interface Channel {
  /** Sends one line at once, not at the end of the turn: the next run may block the event loop for long. */
  send(line: string): void
  /** Resolves when the kernel has taken everything sent, which the next run must wait for (docs/runner-protocol.md). */
  drained(): Promise<void> | undefined
  /** Sends one line and waits for it even in a dying process. */
  last(line: string): void
  /** Lines arrive in order; `onEnd` means that nobody is there any more. */
  receive(onLine: (line: string) => void, onEnd: () => void): void
}

/** The duplex on file descriptor 3 that joins a host with its executor. */
export function openChannel(): Channel {
  const socket = new Socket({ fd, readable: true, writable: true })
  socket.setEncoding('utf8')
  socket.on('error', () => process.exit(1))
  return { send, drained, last, receive }

  function send(line: string) {
    socket.write(line + '\n')
  }

  function drained() {
    return socket.writableLength === 0 ? undefined : once(socket, 'drain').then(() => undefined)
  }

  function last(line: string) {
    let rest = Buffer.from(line + '\n')
    while (rest.length > 0) {
      try {
        rest = rest.subarray(writeSync(fd, rest))
      } catch (error) {
        // The descriptor does not block: a full pipe says EAGAIN until the executor reads.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      }
    }
  }

  function receive(onLine: (line: string) => void, onEnd: () => void) {
    const parts: string[] = []
    socket.on('data', (chunk: string) => {
      let start = 0
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
        parts.push(chunk.slice(start, end))
        start = end + 1
        onLine(parts.length === 1 ? parts[0]! : parts.join(''))
        parts.length = 0
      }
      if (start < chunk.length) parts.push(chunk.slice(start))
    })
    socket.on('end', onEnd)
  }
}
