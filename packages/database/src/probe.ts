import { setTimeout as delay } from 'node:timers/promises'
import type { Sql } from 'postgres'
import { connect } from './connect.ts'

const freshMs = 1_000
const timeoutMs = 800

export interface Probe {
  /** `true`, or what there is to wait for; an answer is good for a second, and one question is asked at a time. */
  ask(): Promise<true | string>
  close(): Promise<void>
}

/**
 * Asks on a connection of its own, so that long statements in the pools do not count as a database that is down, and
 * drops it when no answer comes, because a half-open connection would never answer again.
 */
export function openProbe(databaseUrl: string, schema: string): Probe {
  let client: Sql | undefined
  let asked: Promise<true | string> | undefined
  let freshUntil = 0

  return { ask, close }

  async function ask(): Promise<true | string> {
    if (!asked || performance.now() > freshUntil) {
      freshUntil = Infinity
      asked = probe().finally(() => (freshUntil = performance.now() + freshMs))
    }
    return await asked
  }

  async function probe(): Promise<true | string> {
    const current = (client ??= connect(databaseUrl, schema, { max: 1, fetch_types: false }))
    const given = new AbortController()
    try {
      const late = delay(timeoutMs, 'the database to answer', { signal: given.signal, ref: false })
      const answered = current`select 1`.then((): true => true)
      const answer = await Promise.race([answered, late])
      if (answer !== true) await drop(current)
      return answer
    } catch {
      await drop(current)
      return 'the database to accept connections'
    } finally {
      given.abort()
    }
  }

  async function drop(lost: Sql): Promise<void> {
    if (client === lost) client = undefined
    await lost.end({ timeout: 0 })
  }

  async function close(): Promise<void> {
    await client?.end({ timeout: 1 })
  }
}
