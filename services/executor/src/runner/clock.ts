/** CLOCK_MONOTONIC in milliseconds, the clock that hosts share with us (`time.monotonic()` in Python). */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
