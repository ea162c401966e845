import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Stack } from '../support/stack.ts'
import { quantileOf, type Target } from './load.ts'
import { openLoad } from './open-load.ts'

export interface Latency {
  /** ms from the commit of an event to its arrival at a reader */
  readonly p50: number
  readonly p99: number
}

/** Events of an asynchronous job: accepted, started, successful */
const EVENTS_OF_JOB = 3
const CONNECTIONS = 64

/**
 * How long events take from their commit (their `time`, by the clock of the database, which is this machine's) to a
 * reader of `GET /events`, at so many events a second.
 */
export async function measureEvents(
  { url }: Pick<Stack, 'url'>,
  submit: Target,
  { perSecond = 200, forMs = 10_000 }: { perSecond?: number; forMs?: number } = {},
): Promise<Latency> {
  const latencies: number[] = []
  const stop = await follow(`${url}/events`, (committedAt) => latencies.push(Date.now() - committedAt))
  const submitted = await openLoad(submit, { connections: CONNECTIONS, forMs, perSecond: perSecond / EVENTS_OF_JOB })
  if (submitted.failed > 0) throw new Error(`${submitted.failed} jobs were not accepted`)
  const events = submitted.requests * EVENTS_OF_JOB
  for (let tries = 0; latencies.length < events && tries < 200; tries++) await wait(50)
  stop()
  if (latencies.length < events) throw new Error(`${latencies.length} of ${events} events`)
  const at = quantileOf(latencies)
  return { p50: at(0.5), p99: at(0.99) }
}

function follow(url: string, heard: (committedAt: number) => void): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { accept: 'text/event-stream' } }, (response) => {
      let held = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const frames = (held + chunk).split('\n\n')
        held = frames.pop() ?? ''
        for (const frame of frames) {
          const [, time] = /^data: .*?"time":"([^"]+)"/m.exec(frame) ?? []
          if (time) heard(Date.parse(time))
          else resolve(() => response.destroy()) // the beginning of the stream
        }
      })
      response.on('error', () => {})
    })
    asked.on('error', reject)
    asked.end()
  })
}
