import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32
const SECRET_BYTES_LEAST = 24
const SECRET_BYTES_MOST = 64

export function makeSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64')
}

/** `whsec_` and base64 of 24 to 64 bytes. */
export function isSecret(text: string): boolean {
  const { length } = Buffer.from(text.slice(PREFIX.length), 'base64')
  return text.startsWith(PREFIX) && length >= SECRET_BYTES_LEAST && length <= SECRET_BYTES_MOST
}

/** The headers of Standard Webhooks 1: the receiver computes the same and compares. `secret` is `whsec_` and base64. */
export function signature(secret: string, id: string, body: string, now = new Date()): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1_000))
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
}
