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
  /** Makes the bytes of a spooled file, which is closed, a blob; durable when it returns. The spooled file is gone then. */
  place(path: string, digest: string, size: number): Promise<void>
  /** @throws WarrenError DATA_LOSS when the blob is not there */
  read(digest: string, range: ByteRange, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>>
  remove(digest: string): Promise<void>
  /** The digests of all that is there, in groups. */
  list(): AsyncIterable<readonly string[]>
  /** Where a client can get the bytes by itself; absent when they have to come through here. */
  redirect?(digest: string, headers: Readonly<Record<string, string>>): Promise<string>
}
