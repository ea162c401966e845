import assert from 'node:assert/strict'
import { request } from 'node:http'
import { it } from 'node:test'
import { openFiles, put, someBytes } from '../support/files.ts'
import { eventually } from '../support/wait.ts'

const files = await openFiles()
const { url } = await files.start({
  MAX_FILE_BYTES: '100000',
  QUOTA_BYTES: '250000',
  QUOTA_FILES: '10',
  MAX_UPLOADS: '2',
  RETENTION_S: '0',
  SWEEP_S: '0.2',
})

interface Refusal {
  readonly status: number
  readonly code: string
  readonly [number: string]: unknown
}

/** Announces a body, and sends nothing of it before the answer. */
async function announce(path: string, method: string, headers: Record<string, string | number>): Promise<Refusal> {
  return await new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { method, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => void (text += chunk.toString()))
      answer.on('end', () => {
        asked.destroy()
        resolve({ ...(JSON.parse(text) as Refusal), status: answer.statusCode as number })
      })
    })
    asked.on('error', reject)
    asked.flushHeaders()
  })
}

it('refuses a file that is too large before its bytes flow', async () => {
  const { status, code, maxBytes, size } = await announce('/a.bin', 'PUT', { 'Content-Length': 100_001 })
  assert.deepEqual([status, code, maxBytes, size], [413, 'TOO_LARGE', 100_000, 100_001])
  const type = 'multipart/form-data; boundary=b'
  const form = await announce('', 'POST', { 'Content-Length': 2_000_000, 'Content-Type': type })
  assert.deepEqual([form.status, form.code], [413, 'TOO_LARGE'])
  const tus = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '100001', 'Content-Length': 5 }
  const upload = await announce('/uploads', 'POST', tus)
  assert.deepEqual([upload.status, upload.code], [413, 'TOO_LARGE'])
  // of one that does not say how large it is
  const body = new ReadableStream({ pull: (controller) => controller.enqueue(someBytes(50_000)) })
  const endless = await fetch(`${url}/a.bin`, { method: 'PUT', body, duplex: 'half' }).then(
    (answer) => answer.status,
    () => 413, // the answer is there, and the connection ends
  )
  assert.equal(endless, 413)
  assert.equal((await put(url, 'exact.bin', someBytes(100_000))).status, 201)
  await eventually('nothing is left', 5_000, () => files.spooled().length === 0)
})

it('holds the quota of an owner, and says how much is left', async () => {
  const as = (name: string) => ({ 'warren-principal': name })
  const kept = [
    await put(url, '1.bin', someBytes(90_000, 1), as('ada')),
    await put(url, '2.bin', someBytes(90_000, 2), as('ada')),
  ]
  const { status, code, ...numbers } = await announce('/3.bin', 'PUT', { ...as('ada'), 'Content-Length': 90_000 })
  assert.deepEqual([status, code], [413, 'QUOTA_EXCEEDED'])
  const { quotaBytes, usedBytes, leftBytes, size } = numbers
  assert.deepEqual(
    { quotaBytes, usedBytes, leftBytes, size },
    { quotaBytes: 250_000, usedBytes: 180_000, leftBytes: 70_000, size: 90_000 },
  )
  assert.equal((await put(url, '3.bin', someBytes(90_000, 3), as('bob'))).status, 201)

  // an upload that is open holds its room
  const tus = { ...as('ada'), 'Tus-Resumable': '1.0.0' }
  const open = await fetch(`${url}/uploads`, { method: 'POST', headers: { ...tus, 'Upload-Length': '60000' } })
  const over = await announce('/uploads', 'POST', { ...tus, 'Upload-Length': 60_000 })
  assert.deepEqual([over.status, over.code, over['leftBytes']], [413, 'QUOTA_EXCEEDED', 10_000])
  const location = open.headers.get('location') as string
  const headers = { ...tus, 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' }
  const ended = await fetch(location, { method: 'PATCH', headers, body: someBytes(60_000, 4) })
  assert.equal(ended.status, 204)

  await fetch(`${url}/${kept[0]?.file.id as string}`, { method: 'DELETE', headers: as('ada') })
  assert.equal((await put(url, '3.bin', someBytes(90_000, 3), as('ada'))).status, 201)
})

it('holds the quota for uploads that come at once', async () => {
  const as = { 'warren-principal': 'eve' }
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, at) => put(url, `${at}.bin`, someBytes(80_000, at), as)),
  )
  assert.equal(answers.filter(({ status }) => status === 201).length, 3)
  assert.deepEqual(new Set(answers.map(({ code }) => code)), new Set([undefined, 'QUOTA_EXCEEDED']))
  await eventually('nothing is left of the others', 5_000, () => files.spooled().length === 0)
})

it('holds the number of files, and of uploads that are open', async () => {
  const as = { 'warren-principal': 'ian' }
  for (let at = 0; at < 10; at++) await put(url, `${at}.bin`, someBytes(1, at), as)
  const { status, file } = await put(url, '10.bin', 'x', as)
  const { code, quotaFiles, usedFiles } = file as unknown as Refusal
  assert.deepEqual([status, code, quotaFiles, usedFiles], [413, 'QUOTA_EXCEEDED', 10, 10])

  const tus = { 'warren-principal': 'joy', 'Tus-Resumable': '1.0.0', 'Upload-Length': '10' }
  const begin = () => fetch(`${url}/uploads`, { method: 'POST', headers: tus })
  assert.deepEqual([(await begin()).status, (await begin()).status], [201, 201])
  const third = await begin()
  const problem = (await third.json()) as Refusal
  assert.deepEqual([third.status, problem.code, problem['maxUploads']], [429, 'TOO_MANY_UPLOADS', 2])
  assert.equal(third.headers.get('retry-after'), '60')
})
