import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { Stack } from '../support/stack.ts'

export interface Latency {
  /** ms from the commit of an event to its arrival at a reader */
  readonly p50: number
  readonly p99: number
  readonly events: number
}

/** Events of an asynchronous job: accepted, started, successful */
const EVENTS_OF_JOB = 3

/**
 * How long events take from their commit (their `time`, by the clock of the database, which is this machine's) to a
 * reader of `GET /events`, at so many events a second.
 */
export async function measureEvents(
  { url }: Pick<Stack, 'url'>,
  { perSecond = 200, forMs = 10_000 }: { perSecond?: number; forMs?: number } = {},
): Promise<Latency> {
  const latencies: number[] = []
  const stop = await follow(`${url}/events`, (committedAt) => latencies.push(Date.now() - committedAt))
  const jobs = Math.round(((perSecond / EVENTS_OF_JOB) * forMs) / 1_000)
  const begin = performance.now()
  const answers: Promise<unknown>[] = []
  for (let n = 0; n < jobs; n++) {
    const ahead = begin + (n / jobs) * forMs - performance.now()
    if (ahead > 1) await wait(ahead)
    answers.push(submit(url))
  }
  await Promise.all(answers)
  for (let tries = 0; latencies.length < jobs * EVENTS_OF_JOB && tries < 200; tries++) await wait(50)
  stop()
  if (latencies.length < jobs * EVENTS_OF_JOB) throw new Error(`${latencies.length} of ${jobs * EVENTS_OF_JOB} events`)
  latencies.sort((a, b) => a - b)
  const at = (part: number): number => latencies[Math.floor(part * (latencies.length - 1))] as number
  return { p50: at(0.5), p99: at(0.99), events: latencies.length }
}

async function submit(url: string): Promise<void> {
  const answer = await fetch(`${url}/processes/echo/execution`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'respond-async' },
    body: '{"inputs":{"text":"hello"}}',
  })
  await answer.arrayBuffer()
  if (answer.status !== 201) throw new Error(`a job was not accepted: ${answer.status}`)
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
