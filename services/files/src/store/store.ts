/** From a byte to the one before another. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/**
 * Where blobs are kept, each under the SHA-256 of its bytes. Calls for one digest are serialised by the row of the blob,
 * which who places or removes it has locked; everything is idempotent, as it may be done again after a crash.
 */
export interface Store {
  /** Whether the whole blob is there. */
  has(digest: string, size: number): Promise<boolean>
  /**
   * Does what takes long of placing a spooled file, which is closed, while nothing is locked: it may be in vain.
   *
   * @throws WarrenError UNAVAILABLE
   */
  prepare(path: string, digest: string, size: number): Promise<void>
  /** Makes the bytes of a spooled file, which is closed, a blob; durable when it returns. Nobody needs the file then. */
  place(path: string, digest: string, size: number): Promise<void>
  /** @throws WarrenError DATA_LOSS when the blob is not there */
  read(digest: string, range: ByteRange, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>
  remove(digest: string): Promise<void>
  /** The digests of all that is there, in groups. */
  list(): AsyncIterable<readonly string[]>
  /** Removes what instances and clients that are gone have left half done; of the latter but what `isNeeded`. */
  sweep?(isNeeded: (names: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void>
  /** How clients get many bytes by themselves; absent when all have to come through here. */
  readonly redirects?: Redirects
  /** How clients bring many bytes by themselves; absent when all have to come through here. */
  readonly direct?: Direct
}

export interface Redirects {
  /** For fewer it is not worth it. */
  readonly fromBytes: number
  /** A URL that gives the bytes of a blob to whoever has it, for a while, with these header fields. */
  sign(digest: string, fields: { readonly type: string; readonly disposition: string }): Promise<string>
}

export interface Direct {
  readonly mostBytes: number
  /** Where exactly these bytes can be put for a while, to a place that has this name and no readers. */
  sign(name: string, digest: string, size: number): Promise<SignedPut>
  /**
   * Makes a blob of what was put there, which stays, after it was compared.
   *
   * @throws WarrenError CONFLICT when there is nothing, BAD_INPUT (another length), DIGEST_MISMATCH
   */
  adopt(name: string, digest: string, size: number): Promise<void>
  discard(name: string): Promise<void>
}

export interface SignedPut {
  readonly url: string
  /** To be sent as they are */
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAt: Date
}
