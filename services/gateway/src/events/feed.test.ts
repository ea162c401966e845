import { WarrenError } from '@warren/contracts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createFeeds, type Feeds, type Subject } from './feeds.ts'
import { frame } from './frame.ts'
import { comparePlaces } from './source.ts'

const PAGE = 50

/** Rows that a test writes, a feed over them, and what its readers got. */
function table() {
  const rows: string[] = []
  const draining = new AbortController()
  let gap = (): void => {}
  let hint: (id?: string) => void = () => {}
  let reads = 0
  let failing = 0
  let last: string | undefined
  const feeds: Feeds = createFeeds({
    onGap: (listener) => (gap = listener),
    draining: draining.signal,
    measure: () => {},
  })
  const subject: Subject = {
    key: 'table',
    source: {
      read: async (after) => {
        reads++
        await wait(1)
        if (failing-- > 0) throw new WarrenError('UNAVAILABLE')
        const found = rows.filter((row) => comparePlaces(row, after) > 0).slice(0, PAGE)
        const end = found.at(-1) ?? after
        const over = last !== undefined && end === last
        return { frames: found.map((row) => frame(row, 'row', row)), end, more: found.length === PAGE && !over, over }
      },
    },
    watch: async (heard) => {
      hint = heard
      return () => (hint = () => {})
    },
  }
  return {
    feeds,
    write: (count: number): void => {
      for (let n = 0; n < count; n++) rows.push(`7-${rows.length + 1}`)
    },
    hint: (id?: string) => hint(id),
    isWatched: () => hint.length > 0,
    gap: () => gap(),
    fail: (times: number) => (failing = times),
    close: () => (last = rows.at(-1)),
    drain: () => draining.abort(),
    reads: () => reads,
    open: (from = '0-0') => reader(feeds.open(subject, from, false)),
    expected: (from = 0) => rows.slice(from),
  }
}

function reader(stream: ReadableStream<Uint8Array>) {
  const source = stream.getReader()
  let text = ''
  return {
    text: () => text,
    ids: () => [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id),
    /** Takes until there are so many, or the stream ends, or `once` chunk was taken. */
    take: async (count: number): Promise<boolean> => {
      while ([...text.matchAll(/^id: /gm)].length < count) {
        const { done, value } = await source.read()
        if (done) return false
        assert.ok(value.length < 100_000, `a chunk of ${value.length} bytes`)
        text += Buffer.from(value).toString()
      }
      return true
    },
    cancel: () => source.cancel(),
  }
}

describe('a feed', () => {
  it('tells what was there and what comes, once and in order', async () => {
    const rows = table()
    rows.write(120)
    const [one, two] = [rows.open(), rows.open('7-100')]
    await Promise.all([one.take(120), two.take(20)])
    rows.write(30)
    rows.hint('150')
    await Promise.all([one.take(150), two.take(50)])
    assert.deepEqual(one.ids(), rows.expected())
    assert.deepEqual(two.ids(), rows.expected(100))
    await one.cancel()
    await two.cancel()
    assert.equal(rows.isWatched(), false)
  })

  it('is read once for all who follow it', async () => {
    const rows = table()
    const readers = Array.from({ length: 50 }, () => rows.open())
    const taking = Promise.all(readers.map((reader) => reader.take(1)))
    await wait(50)
    const before = rows.reads()
    rows.write(1)
    rows.hint('1')
    await taking
    assert.equal(rows.reads() - before, 1)
    await Promise.all(readers.map((reader) => reader.cancel()))
  })

  it('looks again for what it was told of and cannot see yet', async () => {
    const rows = table()
    const one = rows.open()
    const taking = one.take(1)
    await wait(20)
    rows.hint('1')
    await wait(200)
    rows.write(1)
    const since = performance.now()
    await taking
    assert.ok(performance.now() - since < 150)
    await one.cancel()
  })

  it('holds what is new, and who stood still is served from the rows', async () => {
    const rows = table()
    const [slow, fast] = [rows.open(), rows.open()]
    await slow.take(0)
    const taking = fast.take(5_000)
    await wait(20)
    for (let n = 0; n < 50; n++) {
      rows.write(100)
      rows.hint()
      await wait(2)
    }
    await taking
    const before = rows.reads()
    await slow.take(5_000)
    assert.ok(rows.reads() - before > 50, 'it was read from the rows')
    assert.deepEqual(slow.ids(), rows.expected())
    assert.deepEqual(fast.ids(), rows.expected())
    await Promise.all([slow.cancel(), fast.cancel()])
  })

  it('goes on when rows cannot be read for a while, and when hints were missed', async () => {
    const rows = table()
    rows.fail(3)
    rows.write(1)
    const one = rows.open()
    await one.take(1)
    rows.fail(2)
    rows.write(1)
    rows.gap() // nobody hinted at it
    await one.take(2)
    assert.deepEqual(one.ids(), rows.expected())
    await one.cancel()
  })

  it('shows that it is alive, and looks for itself when it hears nothing for long', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
    const rows = table()
    const one = rows.open()
    const beat = one.take(1)
    await wait(20)
    const before = rows.reads()
    for (let seconds = 0; seconds < 15; seconds += 5) {
      t.mock.timers.tick(5_000)
      await wait(10)
    }
    assert.equal(one.text(), 'retry: 1000\n\n:\n\n')
    assert.ok(rows.reads() > before)
    rows.write(1) // and nobody hints at it
    for (let seconds = 0; seconds < 30; seconds += 5) {
      t.mock.timers.tick(5_000)
      await wait(10)
    }
    assert.equal(await beat, true)
    await one.cancel()
  })

  it('ends for all when nothing is going to follow', async () => {
    const rows = table()
    rows.write(3)
    const [one, two] = [rows.open(), rows.open()]
    const taking = Promise.all([one.take(Infinity), two.take(Infinity)])
    await wait(20)
    rows.write(1)
    rows.close()
    rows.hint('4')
    assert.deepEqual(await taking, [false, false])
    assert.deepEqual(one.ids(), rows.expected())
    assert.deepEqual(two.ids(), rows.expected())
    assert.equal(rows.isWatched(), false)
  })

  it('ends its streams on the way out, each with what there is', async () => {
    const rows = table()
    rows.write(200)
    const [waiting, behind] = [rows.open('7-200'), rows.open()]
    const taking = waiting.take(Infinity)
    await wait(20)
    rows.drain()
    assert.equal(await taking, false)
    assert.equal(await behind.take(Infinity), false)
    assert.deepEqual(behind.ids(), rows.expected())
    const late = rows.open('7-190')
    assert.equal(await late.take(Infinity), false)
    assert.deepEqual(late.ids(), rows.expected(190))
  })
})
