import type { RetryPolicy, WarrenError } from '@warren/contracts'

const BACKOFF_MS = 1_000
const FACTOR = 2
const LONGEST_MS = 3_600_000
/** What happens by chance rather than by the inputs */
const WORTH: readonly string[] = ['PROCESS_CRASHED']

/**
 * How long the next attempt has to wait, or undefined when there is none. Jitter (half to one and a half of it) keeps
 * jobs that failed together from failing together again.
 *
 * @param failures attempts that failed before this one
 */
export function retryAfterMs(
  error: WarrenError,
  policy: RetryPolicy | undefined,
  failures: number,
): number | undefined {
  if (!policy || failures + 1 >= policy.attempts) return undefined
  const codes = [error.code, error.details.more?.['processCode']]
  if (!codes.some((code) => (policy.on ?? WORTH).includes(String(code)))) return undefined
  const wait = (policy.backoffMs ?? BACKOFF_MS) * (policy.factor ?? FACTOR) ** failures
  return Math.min(LONGEST_MS, wait) * (0.5 + Math.random())
}
