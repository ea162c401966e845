/** Full-jitter exponential backoff: the wait before try `attempt` (from 0), in ms. */
export function backoffMs(attempt: number, firstMs = 100, mostMs = 5_000): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 16))
  return ceiling / 2 + (Math.random() * ceiling) / 2
}
