import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A wire that can be cut, or held so that nothing gets through while both ends believe that it is well. */
export interface TcpProxy {
  /** The URL with this proxy in place of its host and port. */
  readonly url: string
  /** How many connections lead through it now. */
  connections(): number
  /** Destroys what is connected, or only what said this when it opened, without a goodbye. */
  cut(said?: string): void
  /** Destroys every new connection too, until told otherwise. */
  refuse(refusing: boolean): void
  /** Stops passing bytes in either direction, until told otherwise. */
  hold(holding: boolean): void
  close(): Promise<void>
}

const OPENING_BYTES = 4_096

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const openings = new Map<Socket, string>()
  let refusing = false
  let holding = false
  const server = createServer((near) => {
    if (refusing) {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    openings.set(near, '')
    near.on('data', (chunk) => {
      const said = openings.get(near) ?? ''
      if (said.length < OPENING_BYTES) openings.set(near, said + chunk.toString('latin1'))
    })
    near.on('close', () => openings.delete(near))
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('data', (chunk) => to.write(chunk))
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (holding) from.pause()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return { url: url.href, connections: () => sockets.size / 2, cut, refuse: (now) => (refusing = now), hold, close }

  function cut(said = ''): void {
    for (const [socket, opening] of openings) if (opening.includes(said)) socket.destroy()
  }

  function hold(now: boolean): void {
    holding = now
    for (const socket of sockets) socket[now ? 'pause' : 'resume']()
  }

  async function close(): Promise<void> {
    cut()
    await new Promise((resolve) => server.close(resolve))
  }
}
