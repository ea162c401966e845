import { frameHeaders, frameTypes } from '@warren/contracts'
import type { Message } from 'amqplib'

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes]
export type FrameHeaders = Readonly<Record<string, string | number | boolean>>

/** One message of an HTTP exchange. At most `frameBytes` of body. */
export interface Frame {
  readonly type: FrameType
  readonly sequence: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Buffer
  /** The instance that sent it */
  readonly from: string
  /** Address of the sender, on frames that tell it */
  readonly replyTo: string | undefined
}

/** How many `body` frames may be under way in one direction: with `frameBytes`, what each side holds at most. */
export const WINDOW = 16

/** Outside of the sequence: what is said of an exchange that the sender does not know. */
export const NO_SEQUENCE = -1

const types = new Set<string>(Object.values(frameTypes))

/** @returns undefined when it is no frame */
export function readFrame({ properties, content }: Message): Frame | undefined {
  const { type, appId, replyTo } = properties as { type?: string; appId?: string; replyTo?: string }
  const headers = (properties.headers ?? {}) as Frame['headers']
  if (type === undefined || !types.has(type)) return undefined
  return {
    type: type as FrameType,
    sequence: numberIn(headers, frameHeaders.sequence) ?? NO_SEQUENCE,
    headers,
    body: content,
    from: appId ?? '',
    replyTo,
  }
}

export function numberIn(headers: Frame['headers'], name: string): number | undefined {
  const value = headers[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function textIn(headers: Frame['headers'], name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}
