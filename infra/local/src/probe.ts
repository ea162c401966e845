import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the answer is yes; fails after the bound, or at once when `gaveUp` says why. */
export async function until(
  what: string,
  ask: () => Promise<boolean>,
  options: { withinMs: number; everyMs?: number; gaveUp?: () => string | undefined; signal?: AbortSignal },
): Promise<void> {
  const end = Date.now() + options.withinMs
  for (;;) {
    const answer = await ask()
    options.signal?.throwIfAborted()
    const why = options.gaveUp?.()
    if (why) throw new Error(why)
    if (answer) return
    if (Date.now() > end) throw new Error(`${what} was not ready within ${options.withinMs / 1000} s`)
    await sleep(options.everyMs ?? 100)
  }
}

/** Whether a broker answers the AMQP 0-9-1 protocol header with its first method, connection.start. */
export function speaksAmqp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(2000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
    socket.once('connect', () => socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1')))
    // A method frame (1) on channel 0 with class 10 and method 10 at offset 7.
    socket.once('data', (data) => settle(data[0] === 1 && data.length > 10 && data.readUInt32BE(7) === 0x000a_000a))
  })
}

/** GET, with the credentials of the URL in a header; undefined when nobody answers. */
export async function get(url: string, path: string): Promise<{ status: number; text: string } | undefined> {
  const { origin, username, password } = new URL(url)
  const headers = { authorization: `Basic ${btoa(`${username}:${decodeURIComponent(password)}`)}` }
  try {
    const response = await fetch(origin + path, {
      headers: username ? headers : {},
      signal: AbortSignal.timeout(5000),
    })
    return { status: response.status, text: await response.text() }
  } catch {
    return undefined
  }
}
