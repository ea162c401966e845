import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { folderWith, groupOf, isAlive, poolOf, pythonProcess, runOnce, until } from './testing.ts'

/** A busy process with a busy child of a child; deaf to everything but SIGKILL and SIGSTOP. */
const root = folderWith({
  'family/process.py': pythonProcess(
    'family',
    `
import os, signal, subprocess
for name in (signal.SIGTERM, signal.SIGUSR1): signal.signal(name, signal.SIG_IGN)
subprocess.Popen(['sh', '-c', 'trap "" TERM; sh -c "while :; do :; done"; :'])
context.progress(1, str(os.getpid()))
while True: pass`,
  ),
})
const bundled = fileURLToPath(new URL('../../../../processes/', import.meta.url))
const pool = await poolOf([root, bundled], { slots: 1 })

test('a pause stops the CPU time of the whole group within 100 ms, and a resume lets it go on', async () => {
  const { pgid, abort, ended } = await family('busy')
  assert.equal(await pool.pause('busy'), true)
  await sleep(100)
  const standing = cpuTicks(pgid)
  // Ten ticks each for the two that are busy, if they were
  await sleep(200)
  assert.equal(cpuTicks(pgid), standing)
  assert.equal(pool.resume('busy'), true)
  await until(() => (cpuTicks(pgid) > standing + 10 ? true : undefined), 5000)
  abort.abort()
  await ended
})

test('a paused run is stopped in under 2 s, with all its children', async () => {
  const { pgid, abort, ended } = await family('stopped')
  const pids = groupOf(pgid).map(({ pid }) => pid)
  assert.ok(pids.length >= 3)
  await pool.pause('stopped')
  const started = performance.now()
  abort.abort()
  assert.equal(await pool.pause('stopped'), false, 'one that is being stopped is not put to sleep again')
  assert.equal((await ended).status, 'cancelled')
  assert.ok(performance.now() - started < 2000)
  assert.deepEqual(pids.filter(isAlive), [])
  assert.equal(pool.free(), 1)
})

test('a run that was paused and resumed gives the result of an undisturbed one', async () => {
  const inputs = { points: 101, steps: 30_000, diffusivity: 1, safety: 0.4 }
  const undisturbed = await runOnce(pool, 'heat', inputs)
  let pauses = 0
  const onProgress = () => {
    if (pauses++ % 50 !== 0) return
    void pool.pause('heat').then((paused) => paused && setTimeout(() => pool.resume('heat'), 30))
  }
  const paused = await runOnce(pool, 'heat', inputs, { onProgress }, undefined, { id: 'heat' })
  assert.equal(paused.status, 'successful')
  assert.deepEqual(paused, undisturbed)
})

async function family(id: string) {
  const abort = new AbortController()
  const said = Promise.withResolvers<number>()
  const hooks = { signal: abort.signal, onProgress: (_: number, pid?: string) => said.resolve(Number(pid)) }
  const ended = runOnce(pool, 'family', {}, hooks, undefined, { id })
  const pgid = await said.promise
  await until(() => (groupOf(pgid).filter(({ cpuTicks }) => cpuTicks > 5).length >= 2 ? true : undefined))
  return { pgid, abort, ended }
}

function cpuTicks(pgid: number) {
  return groupOf(pgid).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0)
}
