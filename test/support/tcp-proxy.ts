import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createLane, type Lane, type Pace } from './tcp-lane.ts'

/** A wire that can be cut, slowed down, or held so that nothing gets through while both ends believe that it is well. */
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
  /** Passes what comes from now on so much later, in either direction. */
  delay(ms: number): void
  /** Passes so many bytes a second, in either direction of each connection; `Infinity` ends it. */
  throttle(bytesPerSecond: number): void
  /**
   * Closes what is connected towards the target alone: the near end believes that it is well, and hears nothing, until
   * told otherwise.
   */
  halfClose(closed: boolean): void
  /** Loses what the target says while it hears everything; when that ends, what is connected is cut. */
  mute(muted: boolean): void
  close(): Promise<void>
}

interface Link {
  readonly near: Socket
  readonly far: Socket
  readonly lanes: readonly Lane[]
  /** The first bytes of the near end */
  opening: string
}

const OPENING_BYTES = 4_096

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const links = new Set<Link>()
  const orphans = new Set<Socket>()
  let refusing = false
  let holding = false
  let halfClosed = false
  let muted = false
  let delayMs = 0
  let bytesPerSecond = Infinity
  const server = createServer(accept)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    connections: () => links.size,
    cut,
    refuse: (now) => (refusing = now),
    hold,
    delay: (ms) => change(() => (delayMs = ms)),
    throttle: (rate) => change(() => (bytesPerSecond = rate)),
    halfClose,
    mute,
    close,
  }

  function accept(near: Socket): void {
    if (refusing) {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    const lanes = [createLane(near, far, pace), createLane(far, near, () => ({ ...pace(), muted }))]
    const link: Link = { near, far, lanes, opening: '' }
    links.add(link)
    near.on('data', (chunk) => {
      if (link.opening.length < OPENING_BYTES) link.opening += chunk.toString('latin1')
    })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true)
      one.on('error', () => {})
      one.on('close', () => {
        links.delete(link)
        if (one === far && halfClosed) orphans.add(near)
        else other.destroy()
      })
      if (holding) one.pause()
    }
    near.on('close', () => orphans.delete(near))
  }

  function pace(): Pace {
    return { holding, delayMs, bytesPerSecond, muted: false }
  }

  function change(set: () => void): void {
    set()
    for (const { lanes } of links) for (const lane of lanes) lane.paceChanged()
  }

  function cut(said = ''): void {
    for (const { near, opening } of links) if (opening.includes(said)) near.destroy()
    if (said === '') for (const near of orphans) near.destroy()
  }

  function hold(now: boolean): void {
    holding = now
    for (const { near, far, lanes } of links) {
      for (const socket of [near, far]) socket[now ? 'pause' : 'resume']()
      for (const lane of lanes) lane.paceChanged()
    }
  }

  function halfClose(now: boolean): void {
    halfClosed = now
    if (now) for (const { far } of links) far.destroy()
    else for (const near of orphans) near.destroy()
  }

  function mute(now: boolean): void {
    if (muted && !now) cut()
    muted = now
  }

  async function close(): Promise<void> {
    cut()
    await new Promise((resolve) => server.close(resolve))
  }
}
