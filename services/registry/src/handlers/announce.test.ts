import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { announcement, describe, openStore, type Store } from '../support/store.ts'
import { announce } from './announce.ts'
import { getProcess } from './getProcess.ts'
import { listExecutors } from './listExecutors.ts'
import { listVersions } from './listVersions.ts'
import { retireVersion } from './retireVersion.ts'

let store: Store
before(async () => (store = await openStore()))
after(() => store[Symbol.asyncDispose]())

async function published(id: string): Promise<number> {
  return (await store.sql`select from outbox where event = 'processPublished' and data->>'id' = ${id}`).length
}

async function executor(id: string) {
  return (await store.call(listExecutors, {})).executors.find((executor) => executor.id === id)
}

test('an announcement publishes, and repeating it changes nothing', async () => {
  const offer = announcement('a1', [describe('twice'), describe('twice', '1.1.0')])
  assert.deepEqual(await store.call(announce, offer), { refused: [] })
  assert.deepEqual(await store.call(announce, offer), { refused: [] })
  assert.equal(await published('twice'), 2)
  const { version, offers, inputs } = await store.call(getProcess, { id: 'twice' })
  assert.deepEqual({ version, offers }, { version: '1.1.0', offers: 1 })
  assert.deepEqual(inputs, describe('twice').inputs)
})

test('the whole offer is replaced', async () => {
  await store.call(announce, announcement('a2', [describe('old'), describe('kept')]))
  await store.call(announce, announcement('a2', [describe('kept'), describe('new')]))
  assert.deepEqual(
    (await executor('a2'))?.offers.map(({ id }) => id),
    ['kept', 'new'],
  )
  assert.equal((await store.call(getProcess, { id: 'old' })).offers, 0)
  await store.call(announce, announcement('a2', []))
  assert.deepEqual((await executor('a2'))?.offers, [])
})

test('a known version with another digest is refused, the others are accepted', async () => {
  await store.call(announce, announcement('a3', [describe('fixed')]))
  const offer = announcement('a4', [describe('fixed', '1.0.0', 'tampered'), describe('fine')])
  const { refused } = await store.call(announce, offer)
  assert.deepEqual(
    refused.map(({ id, version }) => [id, version]),
    [['fixed', '1.0.0']],
  )
  assert.match(refused[0]?.reason ?? '', /raise the version/)
  assert.equal((await store.call(listVersions, { id: 'fixed' })).versions[0]?.digest, 'fixed-1.0.0')
  assert.deepEqual((await executor('a4'))?.refused, refused)
  assert.deepEqual((await executor('a4'))?.offers, [{ id: 'fine', version: '1.0.0' }])
})

test('two folders with one id and version: the first is published, the other refused', async () => {
  const offer = announcement('a5', [describe('double', '1.0.0', 'one'), describe('double', '1.0.0', 'two')])
  const { refused } = await store.call(announce, offer)
  assert.equal(refused.length, 1)
  assert.equal((await store.call(getProcess, { id: 'double' })).digest, 'one')
})

test('a retired version is refused', async () => {
  await store.call(announce, announcement('a6', [describe('gone')]))
  await store.call(retireVersion, { id: 'gone', version: '1.0.0' })
  const { refused } = await store.call(announce, announcement('a6', [describe('gone')]))
  assert.match(refused[0]?.reason ?? '', /retired/)
})

test('ten executors that announce one new version together publish it once', async () => {
  const processes = Array.from({ length: 20 }, (_, at) => describe(`crowd-${at}`))
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, at) => {
      const shuffled = [...processes.slice(at), ...processes.slice(0, at)]
      return store.call(announce, announcement(`crowd-${at}`, shuffled))
    }),
  )
  assert.ok(answers.every(({ refused }) => refused.length === 0))
  assert.equal((await store.sql`select from outbox where data->>'id' like 'crowd-%'`).length, 20)
  assert.equal((await store.call(getProcess, { id: 'crowd-0' })).offers, 10)
})

test('announcing while versions are retired ends, and no retired version stays offered', async () => {
  const processes = Array.from({ length: 10 }, (_, at) => describe(`race-${at}`))
  await store.call(announce, announcement('race', processes))
  await Promise.all(
    processes.flatMap(({ id, version }, at) => [
      store.call(announce, announcement(`race-${at}`, processes)),
      store.call(retireVersion, { id, version }),
    ]),
  )
  assert.equal((await store.sql`select from offers where process_id like 'race-%'`).length, 0)
})
