import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { byteSource } from './byte-source.ts'
import { gather } from './gather.ts'

/** A stream of these pieces, each after so many ms; it tells when it is cancelled. */
function stream(pieces: readonly number[], { afterMs = 0, cancelled = () => {} } = {}): ReadableStream<Uint8Array> {
  const left = [...pieces]
  return new ReadableStream({
    async pull(controller) {
      if (afterMs > 0) await wait(afterMs)
      const size = left.shift()
      if (size === undefined) controller.close()
      else controller.enqueue(new Uint8Array(size))
    },
    cancel: cancelled,
  })
}

it('takes a body whole when it is small and there at once, or known to be small', async () => {
  assert.deepEqual(await gather(byteSource(stream([]))), { kind: 'none' })
  assert.deepEqual(await gather(byteSource(stream([1, 2, 3]))), { kind: 'inline', bytes: Buffer.alloc(6) })
  assert.equal((await gather(byteSource(stream([65_536])))).kind, 'inline')
  assert.equal((await gather(byteSource(stream([1, 2], { afterMs: 5 })))).kind, 'stream')
  assert.equal((await gather(byteSource(stream([1, 2], { afterMs: 5 })), true)).kind, 'inline')
})

it('gives all of another one, in order', async () => {
  for (const pieces of [[65_536, 1], [100, 70_000, 3], Array.from({ length: 50 }, () => 10_000)]) {
    const body = await gather(byteSource(stream(pieces)))
    assert.equal(body.kind, 'stream')
    if (body.kind !== 'stream') continue
    const sizes = (await Array.fromAsync(body.chunks)).map((chunk) => chunk.byteLength)
    assert.deepEqual(sizes, pieces)
  }
})

it('cancels what nobody wants, also in the middle of a read', async () => {
  const cancelled = Promise.withResolvers<void>()
  const body = await gather(byteSource(stream([1, 1], { afterMs: 2_000, cancelled: cancelled.resolve })))
  assert.equal(body.kind, 'stream')
  if (body.kind === 'stream') body.drop()
  await cancelled.promise
})
