/** What may be read for an input that is given by reference. */
export interface ReferencePolicy {
  /** Origins such as `https://data.example`; no other address is ever asked, and no redirect followed. */
  readonly origins: readonly string[]
  /** Of a value */
  readonly maxBytes: number
  /** Of an input that is a file */
  readonly maxFileBytes: number
  readonly timeoutMs: number
}
