import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { UploadList } from '@warren/contracts'
import { openFiles } from '../support/files.ts'

const { start } = await openFiles()
const { url } = await start()
const tus = { 'tus-resumable': '1.0.0', connection: 'close' }

async function begin(key: string, length: string, body?: string): Promise<string> {
  const metadata = `filename ${base64('a,b.txt')},key ${base64(key)} , chunk ${base64('7')}`
  const answer = await fetch(`${url}/uploads`, {
    method: 'POST',
    headers: {
      ...tus,
      'upload-length': length,
      'upload-metadata': metadata,
      ...(body && { 'content-type': 'application/offset+octet-stream' }),
    },
    ...(body && { body }),
  })
  assert.equal(answer.status, 201)
  return /[^/]+$/.exec(answer.headers.get('location') as string)?.[0] as string
}

async function find(query: string): Promise<UploadList['uploads']> {
  const answer = await fetch(`${url}/uploads?${query}`, { headers: { connection: 'close' } })
  assert.equal(answer.status, 200)
  return ((await answer.json()) as UploadList).uploads
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

it('finds open uploads by a key of the client, newest first, and those only', async () => {
  const first = await begin('Größe/+1', '10')
  const second = await begin('Größe/+1', '10', 'four')
  await begin('Größe/+', '10')
  await begin('Größe/+1', '4', 'done')
  const found = await find(`key=${encodeURIComponent('Größe/+1')}`)
  assert.deepEqual(
    found.map(({ id, offset, length, file }) => [id, offset, length, file]),
    [
      [second, 4, 10, null],
      [first, 0, 10, null],
    ],
  )
  assert.deepEqual(found[0]?.metadata, { filename: 'a,b.txt', key: 'Größe/+1', chunk: '7' })
  assert.equal((await find(`key=${encodeURIComponent('Größe/+1')}&limit=1`)).length, 1)
  assert.deepEqual(await find('key=unheard'), [])
})

it('wants a key', async () => {
  assert.equal((await fetch(`${url}/uploads`, { headers: { connection: 'close' } })).status, 400)
})
