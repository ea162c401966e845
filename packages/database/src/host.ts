/** What a running service lends to those who open something in it. */
export interface Host {
  readonly log: Log
  readonly signal: AbortSignal
  check(name: string, probe: () => true | string | Promise<true | string>): void
  release(name: string, fn: () => Promise<void> | void): void
}

export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}
