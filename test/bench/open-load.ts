import { Agent, request } from 'node:http'
import { summary, type Load, type Target } from './load.ts'

export interface OpenLoadOptions {
  /** Requests that can be under way at a time; the others wait for a connection, and their waiting counts. */
  readonly connections: number
  readonly forMs: number
  readonly perSecond: number
}

/** How exact timers are; what is due within it counts as sent in time. */
const TICK_MS = 2

/**
 * Sends requests at even intervals whether answers come or not (open loop), and waits for the last answer. Latencies are
 * from the moment at which a request was due. autocannon's own rate is no such loop: it sends what is due in a second as
 * fast as answers come, and then rests until the next second.
 */
export async function openLoad(target: Target, { connections, forMs, perSecond }: OpenLoadOptions): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const headers = { 'content-type': 'application/json', ...target.headers }
  const latencies: number[] = []
  let failed = 0
  const sent: Promise<void>[] = []
  const started = performance.now()
  const count = Math.ceil((forMs / 1_000) * perSecond)
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now()
      while (sent.length < count) {
        const due = started + (sent.length / perSecond) * 1_000
        if (due > now) return
        sent.push(send(now - due > TICK_MS ? due : now))
      }
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await Promise.all(sent)
  const seconds = (performance.now() - started) / 1_000
  agent.destroy()
  return summary({ requests: count, failed, seconds, latencies })

  function send(since: number): Promise<void> {
    return new Promise((resolve) => {
      const failure = (): void => {
        failed++
        resolve()
      }
      const asked = request(target.url, { method: 'POST', agent, headers }, (answer) => {
        answer.on('error', failure)
        answer.on('end', () => {
          latencies.push(performance.now() - since)
          if (answer.statusCode === target.status) resolve()
          else failure()
        })
        answer.resume()
      })
      asked.on('error', failure)
      asked.end(target.body)
    })
  }
}
