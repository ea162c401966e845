import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { announcement, describe, openStore, type Store } from '../support/store.ts'
import { announce } from './announce.ts'
import { getProcess } from './getProcess.ts'
import { listProcesses } from './listProcesses.ts'
import { listVersions } from './listVersions.ts'
import { retireVersion } from './retireVersion.ts'

let store: Store
before(async () => (store = await openStore()))
after(() => store[Symbol.asyncDispose]())

const versions = ['1.9.0', '1.10.0', '2.0.0-rc.1', '2.0.0-rc.2', '1.10.0-beta']

test('the newest version is the one of highest precedence', async () => {
  await store.call(
    announce,
    announcement(
      'e',
      versions.map((version) => describe('many', version)),
    ),
  )
  const newestFirst = ['2.0.0-rc.2', '2.0.0-rc.1', '1.10.0', '1.10.0-beta', '1.9.0']
  const listed = await store.call(listVersions, { id: 'many' })
  assert.deepEqual(
    listed.versions.map(({ version }) => version),
    newestFirst,
  )
  assert.equal((await store.call(getProcess, { id: 'many' })).version, '2.0.0-rc.2')
  await store.call(announce, announcement('e', [describe('many', '2.0.0')]))
  assert.equal((await store.call(getProcess, { id: 'many' })).version, '2.0.0')
})

test('retiring falls back to the version before, and is one event however often it is asked for', async () => {
  await store.call(announce, announcement('e', [describe('aged', '1.0.0'), describe('aged', '2.0.0')]))
  const first = await store.call(retireVersion, { id: 'aged', version: '2.0.0' })
  assert.deepEqual(await store.call(retireVersion, { id: 'aged', version: '2.0.0' }), first)
  assert.ok(first.retiredAt)
  assert.equal((await store.sql`select from outbox where event = 'processRetired'`).length, 1)
  assert.equal((await store.call(getProcess, { id: 'aged' })).version, '1.0.0')
  assert.equal((await store.call(getProcess, { id: 'aged', version: '2.0.0' })).offers, 0)
})

test('a process without versions that count is not there', async () => {
  await store.call(announce, announcement('e', [describe('last')]))
  await store.call(retireVersion, { id: 'last', version: '1.0.0' })
  const noSuchProcess = { code: 'NO_SUCH_PROCESS' }
  await assert.rejects(store.call(getProcess, { id: 'last' }), noSuchProcess)
  await assert.rejects(store.call(getProcess, { id: 'last', version: '3.0.0' }), noSuchProcess)
  await assert.rejects(store.call(listVersions, { id: 'never' }), noSuchProcess)
  await assert.rejects(store.call(retireVersion, { id: 'last', version: '3.0.0' }), noSuchProcess)
  assert.equal((await store.call(listVersions, { id: 'last' })).versions.length, 1)
})

test('pages follow each other by id, whatever the locale of the server', async () => {
  await store.sql`truncate process_versions cascade`
  const ids = ['A', 'B', 'Z_', 'Za', 'a', 'a-b', 'a_b', 'b']
  await store.call(
    announce,
    announcement(
      'e',
      ids.flatMap((id) => [describe(id), describe(id, '2.0.0')]),
    ),
  )
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = await store.call(listProcesses, { limit: 3, ...(after && { after }) })
    assert.ok(page.processes.every(({ version }) => version === '2.0.0'))
    seen.push(...page.processes.map(({ id }) => id))
    after = page.next ?? undefined
  } while (after)
  assert.deepEqual(seen, ids)
  const exact = await store.call(listProcesses, { limit: ids.length })
  assert.equal(exact.next, null)
  assert.deepEqual(Object.keys(exact.processes[0] ?? {}), [
    'id',
    'version',
    'title',
    'description',
    'jobControlOptions',
  ])
})
