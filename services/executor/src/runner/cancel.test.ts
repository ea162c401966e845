import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { Pool } from './pool.ts'
import type { RunHooks } from './run.ts'
import {
  env,
  folderWith,
  isAlive,
  nodeProcess,
  outputsOf,
  poolOf,
  pythonProcess,
  readText,
  runOnce,
  until,
} from './testing.ts'

/** Each says its process ids first, so that the test knows when and what to kill. */
const root = folderWith({
  'nodeloop/process.ts': nodeProcess('nodeloop', `context.progress(1, String(process.pid)); for (;;);`),
  'nodewait/process.ts': nodeProcess(
    'nodewait',
    `context.progress(1, String(process.pid))
    await new Promise((_, no) => context.signal.addEventListener('abort', () => no(new Error('stopped'))))`,
  ),
  'pyloop/process.py': pythonProcess(
    'pyloop',
    `
import os; context.progress(1, str(os.getpid()))
while True: pass`,
  ),
  'pysleep/process.py': pythonProcess(
    'pysleep',
    `
import os, time; context.progress(1, str(os.getpid()))
time.sleep(60)`,
  ),
  'deaf/process.py': pythonProcess(
    'deaf',
    `
import os, signal, subprocess
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGUSR1, signal.SIG_IGN)
child = subprocess.Popen(['sleep', '60'])
context.progress(1, f'{os.getpid()} {child.pid}')
while True: pass`,
  ),
  'shell/process.json': JSON.stringify({
    id: 'shell',
    version: '1.0.0',
    title: '',
    description: '',
    inputs: { pids: { schema: { type: 'string' } } },
    outputs: {},
    command: ['sh', '-c', 'sleep 60 & echo $$ $! > "$0"; wait', '{pids}'],
  }),
  'tick/process.ts': nodeProcess(
    'tick',
    `for (let i = 0; i < value; i++) { await new Promise((done) => setTimeout(done, 20)); context.metric('i', i) }
    return { value }`,
  ),
})
const pool = await poolOf([root], { slots: 1 })

for (const processId of ['nodeloop', 'nodewait', 'pyloop', 'pysleep', 'deaf']) {
  test(`${processId}: a cancelled run frees its slot within 2 s and leaves nothing behind`, async () => {
    const { pids, outcome, ms } = await cancelWhenStarted(pool, processId)
    assert.equal(outcome.status, 'cancelled')
    assert.ok(ms < 2000, `${ms} ms`)
    assert.equal(pool.free(), 1)
    // Those that answer keep their child for the next run; the others are gone with their children.
    if (['nodeloop', 'deaf'].includes(processId)) for (const pid of pids) assert.ok(!isAlive(pid), `${pid} lives`)
    else assert.ok(isAlive(pids[0]!))
  })
}

test('the program of a process.json goes with its children', async () => {
  const file = `${folderWith()}/pids`
  const abort = new AbortController()
  const started = performance.now()
  const ended = runOnce(pool, 'shell', { pids: file }, { signal: abort.signal })
  const pids = await until(() => /^(\d+) (\d+)\n/.exec(readText(file))?.slice(1).map(Number))
  abort.abort()
  assert.equal((await ended).status, 'cancelled')
  assert.ok(performance.now() - started < 3000)
  for (const pid of pids) assert.ok(!isAlive(pid), `${pid} lives`)
})

test('a deadline cancels, and a run that waits for a slot is cancelled where it waits', async () => {
  const head = runOnce(pool, 'nodeloop', {}, {}, 200)
  const abort = new AbortController()
  const behind = runOnce(pool, 'tick', { value: 1 }, { signal: abort.signal })
  abort.abort()
  assert.equal((await behind).status, 'cancelled')
  const last = outputsOf(pool, 'tick', { value: 1 })
  assert.equal((await head).status, 'cancelled')
  assert.deepEqual(await last, { value: 1 })
})

test('a paused run stands still, lends its slot, and goes on', async () => {
  let ticks = 0
  const started = Promise.withResolvers<void>()
  const signal = new AbortController().signal
  const request = { id: 'paused', processId: 'tick', attempt: 1, inputs: '{"value":20}', deadline: Date.now() + 20_000 }
  const ended = pool.run(request, { signal, onMetric: () => (ticks++, started.resolve()) })
  await started.promise
  assert.equal(await pool.pause('paused'), true)
  assert.equal(pool.free(), 1)
  await outputsOf(pool, 'tick', { value: 3 })
  const standing = ticks
  await outputsOf(pool, 'tick', { value: 5 })
  assert.equal(ticks, standing)
  assert.equal(pool.resume('paused'), true)
  assert.equal((await ended).status, 'successful')
  assert.equal(ticks, 20)
})

test('a paused run can be cancelled', async () => {
  const { outcome } = await cancelWhenStarted(pool, 'nodewait', async (id) => assert.ok(await pool.pause(id)))
  assert.equal(outcome.status, 'cancelled')
})

test('closing cancels what runs and leaves no child', async () => {
  const other = await poolOf([root])
  const said = Promise.withResolvers<number>()
  const loop = runOnce(other, 'pyloop', {}, { onProgress: (_, pid) => said.resolve(Number(pid)) })
  const pid = await said.promise
  await other.close()
  assert.equal((await loop).status, 'cancelled')
  assert.ok(!isAlive(pid))
})

test('an executor that is killed leaves no child behind, not even a busy one', async () => {
  const script = `import { poolOf, runOnce } from '${import.meta.dirname}/testing.ts'
    const pool = await poolOf(['${root}'])
    for (const id of ['nodeloop', 'deaf']) void runOnce(pool, id, {}, { onProgress: (_, pids) => console.log(pids) })`
  const executor = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...env, TMPDIR: folderWith() },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pids: number[] = []
  for await (const line of createInterface(executor.stdout)) {
    if (/^[\d ]+$/.test(line)) pids.push(...line.split(' ').map(Number))
    if (pids.length === 3) executor.kill('SIGKILL')
  }
  assert.equal(pids.length, 3)
  await until(() => (pids.some(isAlive) ? undefined : true))
})

async function cancelWhenStarted(pool: Pool, processId: string, before?: (id: string) => Promise<void>) {
  const abort = new AbortController()
  const said = Promise.withResolvers<string>()
  const hooks: RunHooks = { signal: abort.signal, onProgress: (_, message) => said.resolve(message!) }
  const id = `cancel-${processId}-${Date.now()}`
  const ended = pool.run({ id, processId, attempt: 1, inputs: '{}', deadline: Date.now() + 20_000 }, hooks)
  const pids = (await said.promise).split(' ').map(Number)
  await before?.(id)
  const started = performance.now()
  abort.abort()
  const outcome = await ended
  return { pids, outcome, ms: performance.now() - started }
}
