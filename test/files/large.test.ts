import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { Upload } from 'tus-js-client'
import { someBytes } from '../support/files.ts'
import { startStack } from '../support/stack.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/wait.ts'

// A file of any size goes through the gateway, resumably and verified, and neither of the two services grows with it.

const MEBIBYTE = 2 ** 20
const GIBIBYTE = 2 ** 30
const MOST_BYTES = 150 * MEBIBYTE
const dir = mkdtempSync(join(tmpdir(), 'warren-files-'))
const stack = await startStack({ env: { FILES_DIR: dir } })
const proxy = await startTcpProxy(stack.url)
after(async () => {
  await proxy.close()
  await stack.close()
  rmSync(dir, { recursive: true, force: true })
})

it('takes 1 GiB of tus-js-client over three cuts and gives it back, within 150 MiB of memory', async (t) => {
  const path = join(dir, 'source.bin')
  const digest = await writeSource(path)
  let resumed = 0
  let fileUrl: string | undefined
  for (const name of ['gateway', 'files'] as const) forgetPeak(name)
  let started = performance.now()
  const done = new Promise<void>((resolve, reject) => {
    new Upload(createReadStream(path), {
      endpoint: new URL('/files/uploads', proxy.url).href,
      uploadSize: GIBIBYTE,
      retryDelays: [10, 10, 10, 10, 10],
      metadata: { filename: 'large.bin', sha256: digest },
      onAfterResponse: (request, response) => {
        if (request.getMethod() === 'HEAD') resumed++
        fileUrl = response.getHeader('Warren-File') ?? fileUrl
      },
      onError: reject,
      onSuccess: () => resolve(),
    }).start()
  })
  for (const mebibytes of [200, 500, 800]) {
    await eventually('so much is here', 120_000, () => spooledBytes() > mebibytes * MEBIBYTE, 5)
    proxy.cut()
  }
  await done
  t.diagnostic(`up with ${rate(started)} MB/s, ${peaks()}`)
  assert.equal(resumed, 3)

  started = performance.now()
  const hash = createHash('sha256')
  const answer = await fetch(`${stack.url}${new URL(String(fileUrl)).pathname}`)
  for await (const chunk of answer.body ?? []) hash.update(chunk as Uint8Array)
  t.diagnostic(`down with ${rate(started)} MB/s, ${peaks()}`)
  assert.equal(hash.digest('hex'), digest)
  assert.equal(answer.headers.get('etag'), `"${digest}"`)
  for (const name of ['gateway', 'files'] as const) {
    assert.ok(peak(name) < MOST_BYTES, `${name}: ${Math.round(peak(name) / MEBIBYTE)} MiB`)
  }
})

async function writeSource(path: string): Promise<string> {
  const block = someBytes(MEBIBYTE)
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  for (let at = 0; at < GIBIBYTE / MEBIBYTE; at++) {
    block[0] = at
    hash.update(block)
    await file.write(block)
  }
  await file.close()
  return hash.digest('hex')
}

function rate(since: number): string {
  return (GIBIBYTE / 1_000 / (performance.now() - since)).toFixed(0)
}

function spooledBytes(): number {
  const names = globSync(join(dir, '*/incoming/*'))
  return names.reduce((sum, name) => sum + (statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0)
}

/** proc(5), `clear_refs`: 5 sets the peak to what is resident now; loading the code takes more for a moment. */
function forgetPeak(name: 'gateway' | 'files'): void {
  writeFileSync(`/proc/${stack.pid(name)}/clear_refs`, '5')
}

/** The most that was resident since then, bytes */
function peak(name: 'gateway' | 'files'): number {
  const status = readFileSync(`/proc/${stack.pid(name)}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1_024
}

function peaks(): string {
  return (['gateway', 'files'] as const).map((name) => `${name} ${Math.round(peak(name) / MEBIBYTE)} MiB`).join(', ')
}
