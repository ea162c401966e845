import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { subscribe, type CloudEvent } from '@warren/mesh'
import { openFiles, put, sha256, someBytes } from '../support/files.ts'
import { join as joinMesh } from '../support/mesh.ts'
import { eventually } from '../support/wait.ts'

const files = await openFiles()
let host = await files.start({ RETENTION_S: '0', SWEEP_S: '0.2' })

it('removes at its start what a crash has left, and nothing that counts', async () => {
  const kept = await put(host.url, 'kept.bin', someBytes(1_000))
  await host.signal('SIGKILL')
  const orphan = sha256('placed before a commit that never was')
  files.plant(orphan)
  writeFileSync(join(files.incoming(), `${hostname()}.999999999.left`), 'x')
  host = await files.start({ RETENTION_S: '0', SWEEP_S: '0.2' })
  assert.deepEqual(files.blobs(), [kept.file.sha256])
  assert.deepEqual(files.spooled(), [])
  assert.equal((await fetch(`${host.url}/${kept.file.id}`)).status, 200)
})

it('leaves what another database has stored in the same place', async () => {
  const theirs = 'a'.repeat(64)
  files.plant(theirs, 'other')
  await host.signal('SIGTERM')
  host = await files.start({ RETENTION_S: '0', SWEEP_S: '0.2' })
  files.lose(theirs, 'other')
})

it('tells of files that were stored and deleted', async () => {
  const mesh = await joinMesh('tester', files.amqpUrl)
  const seen: [string, CloudEvent][] = []
  const subscription = await subscribe(mesh, (event, topic) => void seen.push([topic, event]), { patterns: ['file.#'] })
  await subscription.up
  const { file } = await put(host.url, 'told.bin', 'x', { 'warren-principal': 'ada' })
  await put(host.url, 'told.bin', 'x', { 'warren-principal': 'ada' })
  await fetch(`${host.url}/${file.id}`, { method: 'DELETE', headers: { 'warren-principal': 'ada' } })
  await eventually('both are told', 10_000, () => seen.length >= 2)
  assert.deepEqual(
    seen.map(([topic, { type }]) => [topic, type]),
    [
      [`file.${file.id}.stored`, 'warren.files.fileStored'],
      [`file.${file.id}.deleted`, 'warren.files.fileDeleted'],
    ],
  )
  await subscription.close()
  await mesh.close()
  const { links: _links, created: _created, ...facts } = file
  assert.deepEqual(seen[0]?.[1].data, { ...facts, owner: 'ada' })
})

it('says that bytes are lost, and takes them again', async () => {
  const bytes = someBytes(500, 3)
  const { file } = await put(host.url, 'lost.bin', bytes)
  files.lose(file.sha256)
  const lost = await fetch(`${host.url}/${file.id}`)
  assert.deepEqual([lost.status, ((await lost.json()) as { code: string }).code], [500, 'DATA_LOSS'])
  const known = await fetch(`${host.url}?sha256=${file.sha256}`, { method: 'POST' })
  assert.equal(known.status, 404)
  const again = await put(host.url, 'lost.bin', bytes)
  assert.equal(again.file.id, file.id)
  assert.equal((await fetch(`${host.url}/${file.id}`)).status, 200)
})
