import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { eventually } from './wait.ts'

/** A reader of server-sent events that keeps every byte. */
export interface Reader {
  /** The events so far, each as the bytes that came; comments and what only sets the time to wait are left out. */
  frames(): readonly string[]
  /** Id of the last event that came whole */
  lastId(): string | undefined
  /** The server has ended the stream. */
  ended(): boolean
  /** Everything that came */
  text(): string
  /** Waits for so many events, or for the end. */
  has(count: number, ms?: number): Promise<void>
  end(ms?: number): Promise<void>
  /** Stops taking bytes, until told otherwise: the sockets fill up. */
  pause(): void
  resume(): void
  /** Goes away without a goodbye. */
  cut(): void
}

export async function readSse(url: string, headers: Record<string, string> = {}): Promise<Reader> {
  const response = await open(url, headers)
  assert.equal(response.statusCode, 200)
  assert.match(String(response.headers['content-type']), /^text\/event-stream/)
  let text = ''
  let ended = false
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => (text += chunk))
  response.on('end', () => (ended = true))
  response.on('error', () => {})
  const frames = (): string[] => text.split('\n\n').slice(0, -1).filter(hasData)
  return {
    frames,
    lastId: () => idOf(frames().at(-1)),
    ended: () => ended,
    text: () => text,
    has: async (count, ms = 20_000) => void (await eventually(`${count} events`, ms, () => frames().length >= count)),
    end: async (ms = 20_000) => void (await eventually('the end of the stream', ms, () => ended)),
    pause: () => response.pause(),
    resume: () => response.resume(),
    cut: () => response.destroy(),
  }
}

function open(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } }, resolve)
    asked.on('error', reject)
    asked.end()
  })
}

function hasData(frame: string): boolean {
  return /^data:/m.test(frame)
}

export function idOf(frame: string | undefined): string | undefined {
  return /^id: (.+)$/m.exec(frame ?? '')?.[1]
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what it expects
export function dataOf<T = Record<string, unknown>>(frame: string): T {
  return JSON.parse(/^data: (.+)$/m.exec(frame)?.[1] ?? 'null') as T
}
