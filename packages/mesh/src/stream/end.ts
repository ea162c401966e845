import { frameHeaders, frameTypes, WarrenError } from '@warren/contracts'
import { printFields, readFields } from './fields.ts'
import { NO_SEQUENCE, numberIn, textIn, WINDOW, type Frame, type FrameHeaders, type FrameType } from './frame.ts'
import { createInflow, type Inflow } from './inflow.ts'
import type { Lane, Party } from './lane.ts'
import { createOutflow, type Outflow } from './outflow.ts'

/** One end of an exchange: numbers what it sends, checks that nothing is missing of what comes, and carries the bodies. */
export interface End {
  readonly id: string
  readonly lane: Lane
  /** What the other end sends. */
  readonly inflow: Inflow
  /** What goes to the other end. */
  readonly outflow: Outflow
  peer(): string | undefined
  /** The other end is found, or another one in its place: both directions begin anew. */
  meet(frame: Frame): void
  /** The other end is gone, and another one may come. */
  part(): void
  send(type: FrameType, headers?: FrameHeaders, body?: Buffer, withAddress?: boolean): void
  /** Leaves the lane. What has come in can still be read. */
  close(): void
}

export interface EndOptions {
  readonly lane: Lane
  readonly id: string
  /** Frames that are about the exchange itself. */
  readonly received: (frame: Frame) => void
  /** Frames are missing, or come twice, or without credit. */
  readonly failed: (error: WarrenError) => void
  /** The other end is gone, or our own connection. */
  readonly lost: Party['lost']
  readonly refused?: Party['refused']
}

/** A stream in which nothing is said says this now and then. */
const PING_MS = 15_000
/** Its address is still there, but it says nothing: it has forgotten the exchange, or hangs. */
const SILENCE_MOST_MS = 45_000

export function openEnd({ lane, id, received: toOwner, failed, lost, refused = () => {} }: EndOptions): End {
  let peer: string | undefined
  let from: string | undefined
  let expected = 0
  // 0 is the request
  let sequence = 1
  let closed = false
  let heardAt = Date.now()
  let sentAt = Date.now()
  const inflow = createInflow((frames) => {
    if (!closed) send(frameTypes.credit, { [frameHeaders.credit]: frames })
  })
  const outflow = createOutflow({
    sendBody: (chunk) => send(frameTypes.body, undefined, chunk),
    sendEnd: (bytes, trailers) =>
      send(frameTypes.end, {
        [frameHeaders.bytes]: bytes,
        ...(trailers.length > 0 && { [frameHeaders.trailers]: printFields(trailers) }),
      }),
    room: () => lane.room(),
  })
  const end: End = { id, lane, inflow, outflow, peer: () => peer, meet, part, send, close }
  lane.join(id, { peer: () => peer, received, lost, refused, tick })
  return end

  function meet(frame: Frame): void {
    peer = frame.replyTo
    from = frame.from
    expected = frame.sequence + 1
    sequence = 1
    heardAt = Date.now()
  }

  function part(): void {
    peer = undefined
    from = undefined
  }

  function send(type: FrameType, headers?: FrameHeaders, body?: Buffer, withAddress = false): void {
    if (peer === undefined || closed) return
    sentAt = Date.now()
    lane.post(peer, { type, id, sequence: sequence++, headers, body, withAddress })
  }

  function received(frame: Frame): void {
    if (frame.type === frameTypes.accept || frame.sequence === NO_SEQUENCE) return toOwner(frame)
    // what another instance has sent before it was given up
    if (from !== undefined && frame.from !== from) return
    heardAt = Date.now()
    if (frame.sequence !== expected) {
      return failed(new WarrenError('DATA_LOSS', `Frame ${frame.sequence} came where ${expected} was due`))
    }
    expected++
    try {
      take(frame)
    } catch (error) {
      failed(new WarrenError('DATA_LOSS', (error as Error).message))
    }
  }

  function take({ type, headers, body, ...rest }: Frame): void {
    if (type === frameTypes.body) inflow.push(body)
    else if (type === frameTypes.credit) outflow.grant(numberIn(headers, frameHeaders.credit) ?? 0)
    else if (type === frameTypes.end) {
      inflow.end(numberIn(headers, frameHeaders.bytes) ?? -1, readFields(textIn(headers, frameHeaders.trailers)))
    }
    if (type !== frameTypes.ping) toOwner({ type, headers, body, ...rest })
  }

  function tick(now: number): void {
    if (peer === undefined) return
    if (now - heardAt > SILENCE_MOST_MS) lost('peer')
    else if (now - sentAt >= PING_MS) send(frameTypes.ping, undefined, undefined, true)
  }

  function close(): void {
    closed = true
    lane.leave(id)
  }
}

/** Credit for a body that starts. */
export const firstCredit = { [frameHeaders.credit]: WINDOW }
/** For a body that may not be wanted. */
export const noCredit = { [frameHeaders.credit]: 0 }
