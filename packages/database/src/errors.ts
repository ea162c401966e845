import { WarrenError } from '@warren/contracts'

const lostConnection = new Set([
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // the socket file of a server that is not there
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** SQLSTATEs: the class 08, and those of a server that is starting, stopping, full or a standby. */
const refusingServer = /^(08...|57P0[1235]|53[0-4]..|25006)$/

/** SQLSTATEs of statements that may pass when they are sent again: conflict, deadlock, lock and statement timeout. */
const tryAgain = new Set(['40001', '40P01', '55P03', '57014'])

/** Text that no Postgres encoding has, which is only U+0000 as Node always sends valid UTF-8. */
const notText = new Set(['22021', '22P05'])

/** Whether the database could not be reached or did not take work, so that nothing is known about the statement itself. */
export function isDatabaseDown(error: unknown): boolean {
  const { code } = databaseError(error)
  return lostConnection.has(code) || refusingServer.test(code)
}

/** What a caller hears of a database that is down; the cause stays in the log. */
export function unavailable(error: unknown): WarrenError {
  return new WarrenError('UNAVAILABLE', 'The database is not available', { retryAfter: 1, cause: error })
}

/** The failure that an error of the database means to a caller, or nothing when it is a defect of ours. */
export function asWarrenError(error: unknown): WarrenError | undefined {
  if (isDatabaseDown(error)) return unavailable(error)
  const { code } = databaseError(error)
  if (tryAgain.has(code)) {
    return new WarrenError('UNAVAILABLE', 'The database is too busy', { retryAfter: 1, cause: error })
  }
  if (notText.has(code)) return new WarrenError('BAD_INPUT', 'Text must not contain U+0000', { cause: error })
  return undefined
}

/**
 * The driver's error in the chain of causes (drizzle wraps it). The driver marks errors of statements with the `query`;
 * its own codes and SQLSTATEs need no mark, codes of the system do, as other sockets and files fail with them too.
 */
function databaseError(error: unknown): { code: string } {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (!('code' in cause) || typeof cause.code !== 'string') continue
    if ('query' in cause || cause.code.startsWith('CONNECT') || cause.name === 'PostgresError') {
      return { code: cause.code }
    }
  }
  return { code: '' }
}
