import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import { test } from 'node:test'
import { openStore, type Store } from '../support/store.ts'
import type { Position, WrittenEvent } from './events.ts'
import { createPublished, type Published } from './published.ts'

const start = { xid: '1', seq: 0 }

interface Opened extends Published {
  /** Where it looked for an event that nobody had published */
  readonly after: readonly Position[]
  waiting: WrittenEvent[] | undefined
  statements: number
}

function open({ sql }: Store): Opened {
  const after: Position[] = []
  const opened = { after, waiting: [] as WrittenEvent[] | undefined, statements: 0 }
  const counted = (...args: Parameters<typeof sql>): unknown => (opened.statements++, sql(...args))
  const publishNext = async (position: Position): Promise<void> => void after.push(position)
  const published = createPublished({
    sql: counted as typeof sql,
    writer: 'x1',
    startAt: start,
    underWay: () => opened.waiting,
    publishNext,
  })
  return Object.assign(opened, published)
}

/** Commits an event in the transaction of that number, or in one of its own. */
async function write({ sql }: Store, xid?: number): Promise<WrittenEvent> {
  const [event] = await sql<WrittenEvent[]>`
insert into executor.events (xid, job_id, process_id, owner, event, state, attempt, at, writer)
values (coalesce(${xid ?? null}::text::xid8, pg_current_xact_id()), 'job', 'echo', 'ann', 'jobStarted', 'running', 1, now(), 'x1')
returning xid::text, seq`
  return event as WrittenEvent
}

test('what is published is safe once nothing can come before it, and nothing is looked for', async () => {
  await using store = await openStore()
  const published = open(store)
  const [first, second, third] = [await write(store, 9), await write(store, 10), await write(store, 11)]
  published.add([first, second])
  published.waiting = [third]
  assert.deepEqual(published.position(), { xid: '10', seq: 2 })
  assert.deepEqual(published.safe(), start)
  await published.reconcile()
  assert.deepEqual(published.safe(), { xid: '10', seq: 2 }, 'not the one that waits')
  published.waiting = undefined
  published.add([third])
  await published.reconcile()
  assert.deepEqual(published.safe(), { xid: '10', seq: 2 }, 'while not all that waits is known, nothing is')
  assert.deepEqual(published.after, [])
})

test('an event that was committed without an answer is found in its place, also where numbers get longer', async () => {
  await using store = await openStore()
  const published = open(store)
  const events = [await write(store, 9), await write(store, 10), await write(store, 99), await write(store, 100)]
  published.add(events.filter(({ xid }) => xid !== '99'))
  await published.reconcile()
  assert.deepEqual(published.after, [{ xid: '10', seq: 2 }])
  assert.deepEqual(published.safe(), { xid: '100', seq: 4 })
  await published.reconcile()
  assert.equal(published.after.length, 1, 'once')
})

test('what lies before an event that waits is safe, and is not counted again', async () => {
  await using store = await openStore()
  const published = open(store)
  const events = [await write(store, 9), await write(store, 10), await write(store, 11)]
  published.add(events.slice(0, 1))
  published.waiting = events.slice(2)
  await published.reconcile()
  assert.deepEqual(published.safe(), { xid: '10', seq: 2 })
  published.waiting = []
  published.add(events.slice(2))
  await published.reconcile()
  assert.deepEqual(published.safe(), { xid: '11', seq: 3 })
  assert.deepEqual(published.after, [{ xid: '9', seq: 1 }])
  published.add([await write(store, 12)])
  const before = published.statements
  await published.reconcile()
  assert.deepEqual(published.safe(), { xid: '12', seq: 4 })
  assert.equal(published.statements - before, 1, 'a count is enough')
})

test('nothing behind a transaction that is under way is safe', async () => {
  await using store = await openStore()
  const published = open(store)
  const early = await write(store, 9)
  const older = await store.sql.reserve()
  try {
    await older`begin`
    await older`select pg_current_xact_id()`
    const late = await write(store)
    published.add([early, late])
    await published.reconcile()
    assert.deepEqual(published.safe(), { xid: '9', seq: 1 })
    await older`commit`
    // other tests have transactions under way too
    for (let tries = 0; tries < 200 && published.safe().seq === 1; tries++) {
      await published.reconcile()
      await wait(25)
    }
    assert.equal(published.safe().seq, 2)
    assert.deepEqual(published.after, [])
  } finally {
    older.release()
  }
})
