import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import type { LogLine, MetricPoint } from '@warren/contracts'
import { newJob, openStore, type Store } from '../support/store.ts'
import { readRecords } from './read-records.ts'
import { createRecordWriter, type RecordWriter } from './records.ts'

interface Writer extends RecordWriter {
  readonly told: { jobId: string; kind: string; last: number }[]
  close(): Promise<void>
}

function openWriter({ databaseUrl }: Store): Writer {
  const told: Writer['told'] = []
  const releasers: (() => Promise<void> | void)[] = []
  const mesh = {
    publisher: { send: (_exchange: string, _key: string, body: Buffer) => told.push(JSON.parse(body.toString())) },
  }
  const log = { warn: () => {}, error: () => {} }
  const service = { mesh, log, release: (_name: string, releaser: () => void) => void releasers.push(releaser) }
  const writer = createRecordWriter(service as unknown as Parameters<typeof createRecordWriter>[0], databaseUrl)
  return { ...writer, told, close: async () => void (await Promise.all(releasers.map(async (release) => release()))) }
}

const said = (line: string) => ({ stream: 'stdout', level: 'info', time: Date.now(), line }) as const

async function all(store: Store, jobId: string, kind: 'log' | 'metric' = 'log'): Promise<(LogLine | MetricPoint)[]> {
  const found: (LogLine | MetricPoint)[] = []
  for (;;) {
    const page = await readRecords(store.db, { jobId, kind, after: found.at(-1)?.no ?? 0 })
    found.push(...page.records)
    if (!page.more) return found
  }
}

test('what was printed is read again: every character, every number, in order', async () => {
  await using store = await openStore()
  const writer = openWriter(store)
  const lines = ['', 'plain', 'quote " backslash \\ tab \t', 'ünïcödé 🌡', 'null \u0000 and lone \ud800', '\r carriage']
  const run = writer.begin('a', 1)
  for (const line of lines) run.log(said(line))
  run.metric('residual "r"', 1e-7, 3)
  run.metric('plain', 2, Number.NaN)
  await run.settle()
  const read = (await all(store, 'a')) as LogLine[]
  assert.deepEqual(
    read.map(({ no, line }) => [no, line]),
    lines.map((line, index) => [index + 1, line]),
  )
  const points = (await all(store, 'a', 'metric')) as MetricPoint[]
  assert.deepEqual(
    points.map(({ no, name, value, step }) => [no, name, value, step]),
    [
      [1, 'residual "r"', 1e-7, 3],
      [2, 'plain', 2, undefined],
    ],
  )
  assert.deepEqual(writer.told.map(({ kind, last }) => `${kind} ${last}`).toSorted(), ['log 6', 'metric 2'])
  run.log(said('too late'))
  await writer.close()
  assert.equal((await all(store, 'a')).length, lines.length)
})

test('another attempt goes on numbering, and one that was replaced writes nothing more', async () => {
  await using store = await openStore()
  const writer = openWriter(store)
  const ledger = store.ledger('x1')
  await ledger.insert(newJob({ id: 'a', attempt: 1, state: 'running' }))
  const first = writer.begin('a', 1)
  first.log(said('one'))
  await first.settle()
  const elsewhere = openWriter(store)
  const zombie = elsewhere.begin('a', 1)
  await store.sql`update executor.jobs set attempt = 2 where id = 'a'`
  zombie.log(said('from the dead'))
  await zombie.settle()
  await elsewhere.close()
  const second = writer.begin('a', 2)
  second.log(said('two'))
  await second.settle()
  assert.deepEqual(
    ((await all(store, 'a')) as LogLine[]).map(({ no, attempt, line }) => [no, attempt, line]),
    [
      [1, 1, 'one'],
      [2, 2, 'two'],
    ],
  )
  await writer.close()
})

test('pages by number and by byte meet without a gap or a double', async () => {
  await using store = await openStore()
  const writer = openWriter(store)
  const run = writer.begin('a', 1)
  const lines = Array.from({ length: 6_000 }, (_, n) => `line ${n} ${'ü'.repeat(n % 60)}`)
  for (const line of lines) run.log(said(line))
  await run.settle()
  assert.deepEqual(
    ((await all(store, 'a')) as LogLine[]).map(({ line }) => line),
    lines,
  )
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  for (const offset of [0, 1, 5_000, 100_001, text.length - 1, text.length]) {
    const page = await readRecords(store.db, { jobId: 'a', kind: 'log', after: 0, offset })
    assert.equal(page.bytes, text.length)
    const part = Buffer.from((page.records as LogLine[]).map(({ line }) => `${line}\n`).join(''))
    assert.ok(page.offset <= offset && (part.length === 0 || page.offset + part.length > offset))
    assert.deepEqual(part, text.subarray(page.offset, page.offset + part.length))
    assert.ok(part.length < 200_000)
  }
  await writer.close()
})

test('a flood is written in few statements, and stalls nobody', async () => {
  await using store = await openStore()
  const writer = openWriter(store)
  const flood = writer.begin('flood', 1)
  const other = writer.begin('other', 1)
  let longest = 0
  let last = performance.now()
  const beat = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  for (let n = 0; n < 100_000; n++) {
    flood.log(said(`line ${n} of a flood`))
    if (n % 1_000 === 999) await wait(1)
  }
  other.log(said('hello'))
  const since = performance.now()
  await other.settle()
  assert.ok(performance.now() - since < 1_000, 'the other one waits for the flood')
  await flood.settle()
  clearInterval(beat)
  assert.ok(longest < 250, `the event loop stood still for ${longest} ms`)
  const read = (await all(store, 'flood')) as LogLine[]
  assert.equal(read.length, 100_000)
  assert.ok(read.every(({ no, line }, n) => no === n + 1 && line === `line ${n} of a flood`))
  const [{ rows } = { rows: 0 }] = await store.sql<
    { rows: number }[]
  >`select count(*)::int as rows from executor.records`
  assert.ok(rows < 1_000, `${rows} rows`)
  assert.ok(writer.told.length < 100, `told ${writer.told.length} times`)
  await writer.close()
})

test('a database that is away delays lines, and loses none', async () => {
  await using store = await openStore()
  const writer = openWriter(store)
  const run = writer.begin('a', 1)
  run.log(said('before'))
  await store.sql`alter table executor.records rename to elsewhere`
  await wait(300)
  run.log(said('during'))
  const settled = run.settle()
  await wait(200)
  await store.sql`alter table executor.elsewhere rename to records`
  await settled
  assert.deepEqual(
    ((await all(store, 'a')) as LogLine[]).map(({ line }) => line),
    ['before', 'during'],
  )
  await writer.close()
})
