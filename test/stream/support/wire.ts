import { connect } from 'node:net'

/** What a client sees of one connection, byte for byte. */
export interface Wire {
  received(): string
  /** `''` after an orderly end, the code of the error after another one, undefined before. */
  ended(): string | undefined
  send(bytes: string): void
  /** No more will be sent. */
  end(): void
  destroy(): void
}

/** Sends these bytes to a port of this machine, and reads what comes as fast as told. */
export function openWire(port: number, bytes: string, { bytesPerSecond = Infinity } = {}): Wire {
  const socket = connect({
    port,
    host: '127.0.0.1',
    ...(bytesPerSecond < Infinity && { highWaterMark: bytesPerSecond }),
  })
  let received = ''
  let ended: string | undefined
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    if (bytesPerSecond === Infinity) return
    socket.pause()
    setTimeout(() => socket.resume(), (chunk.length / bytesPerSecond) * 1_000).unref()
  })
  socket.on('error', (error: NodeJS.ErrnoException) => (ended ??= error.code ?? 'error'))
  socket.on('close', () => (ended ??= ''))
  socket.write(bytes, 'latin1')
  return {
    received: () => received,
    ended: () => ended,
    send: (more) => void socket.write(more, 'latin1'),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}
