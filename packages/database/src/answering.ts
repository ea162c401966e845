import type { Sql } from 'postgres'

export interface Answering {
  /** @throws what the statement throws, or CONNECTION_DESTROYED when no answer came */
  ask<T>(statement: (sql: Sql) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Longer than any statement may take on the server, which ends it itself after 15 s. */
const ANSWER_MS = 20_000

/**
 * A client that is given up for a new one when it does not answer: a connection can be lost without anybody being told,
 * and what waits on it would wait for ever.
 *
 * @param open makes a client
 */
export function answering(open: () => Sql, answerMs = ANSWER_MS): Answering {
  let client = open()
  return { ask, close: () => client.end({ timeout: 5 }) }

  async function ask<T>(statement: (sql: Sql) => Promise<T>): Promise<T> {
    const used = client
    const late = setTimeout(() => {
      if (client === used) client = open()
      void used.end({ timeout: 0 }).catch(() => {})
    }, answerMs)
    try {
      return await statement(used)
    } finally {
      clearTimeout(late)
    }
  }
}
