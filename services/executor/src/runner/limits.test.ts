import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oomKills, withCause } from './out-of-memory.ts'
import { folderWith, nodeProcess, outputsOf, poolOf, problemOf, pythonProcess, runOnce, until } from './testing.ts'

const MiB = 2 ** 20

/** Holds `value` MiB, 16 at a time. */
const grow = `
import time
held = []
for _ in range(value // 16):
    held.append(bytearray(b'x') * (16 << 20)); time.sleep(0.02)`

const root = folderWith({
  'grow/process.py': pythonProcess(
    'grow',
    `${grow}\nreturn {'value': 1}`,
    undefined,
    limits({ memoryBytes: 100 * MiB }),
  ),
  'parent/process.py': pythonProcess(
    'parent',
    `
import subprocess, sys
script = ${JSON.stringify(`value = 400${grow}`)}
subprocess.run([sys.executable, '-c', script])
return {'value': 1}`,
    undefined,
    limits({ memoryBytes: 100 * MiB }),
  ),
  'sharing/process.py': pythonProcess(
    'sharing',
    `
import os, time
held = bytearray(b'x') * (60 << 20)
for _ in range(3):
    if os.fork() == 0: time.sleep(0.5); os._exit(0)
for _ in range(3): os.wait()
return {'value': 1}`,
    undefined,
    limits({ memoryBytes: 130 * MiB }),
  ),
  'leap/process.py': pythonProcess(
    'leap',
    `return {'value': len(bytearray(3 << 30))}`,
    undefined,
    limits({ memoryBytes: 64 * MiB }),
  ),
  'leap-json/process.json': JSON.stringify({
    id: 'leap-json',
    version: '1.0.0',
    title: '',
    description: '',
    inputs: {},
    outputs: { value: { schema: { type: 'string' } } },
    command: ['python3', '-c', 'print(len(bytearray(3 << 30)))'],
    stdout: { output: 'value' },
    limits: { memoryBytes: 64 * MiB },
  }),
  'quiet/process.ts': nodeProcess(
    'quiet',
    `const wait = (ms) => new Promise((done) => setTimeout(done, ms))
    const [what, ms] = value
    const say = { log: () => context.log('info', 'x'), print: () => console.log('x'), metric: () => context.metric('x', 1) }[what]
    if (say) for (const end = Date.now() + ms; Date.now() < end; await wait(30)) say()
    if (what === 'call') return context.call('any', {})
    if (what === 'sleep') await wait(ms)
    return { value: 1 }`,
    `limits: { silenceMs: 400 },`,
  ),
  'soft/process.py': pythonProcess(
    'soft',
    `
import time
from warren import Cancelled
try:
    time.sleep(5)
except Cancelled:
    if value == 'give': return {'value': 'what there is'}
    if value == 'ignore': time.sleep(5)
    raise
return {'value': 'all'}`,
    undefined,
    limits({ softTimeoutMs: 300 }),
  ),
  'busy/process.ts': nodeProcess('busy', `context.progress(1); for (;;);`),
  'wait/process.ts': nodeProcess(
    'wait',
    `context.progress(1); for (let i = 0; i < value; i++) await new Promise((done) => setTimeout(done, 10)); return { value }`,
  ),
  'much/process.ts': nodeProcess(
    'much',
    `if (value === 'log') for (let i = 0; i < 50; i++) console.log('x'.repeat(99))
    return { value: 'x'.repeat(Number(value) || 1) }`,
    `limits: { outputBytes: 1000, logBytes: 1000 },`,
  ),
})
const pool = await poolOf([root])

test('a process group that holds more than it may is killed and named, with limit and peak', async () => {
  for (const processId of ['grow', 'parent']) {
    const { code, message, signal } = problemOf(await runOnce(pool, processId, { value: 400 }))
    assert.equal(code, 'OUT_OF_MEMORY', message)
    assert.equal(signal, 'SIGKILL')
    const [, limit, peak] = /limit ([\d.]+) MiB, peak ([\d.]+) MiB/.exec(message) ?? []
    assert.equal(limit, '100.0')
    assert.ok(Number(peak) > 100, message)
  }
  assert.deepEqual(await outputsOf(pool, 'grow', { value: 32 }), { value: 1 })
})

test('pages that forked children share count once', async () => {
  assert.deepEqual(await outputsOf(pool, 'sharing'), { value: 1 })
})

test('what would grow too fast for a look is refused by the kernel', async () => {
  const { code, message, file, line } = problemOf(await runOnce(pool, 'leap'))
  assert.equal(code, 'OUT_OF_MEMORY', message)
  assert.match(message, /limit 64\.0 MiB/)
  assert.deepEqual([file, line], [`${root}/leap/process.py`, 4])
  const program = problemOf(await runOnce(pool, 'leap-json'))
  assert.equal(program.code, 'OUT_OF_MEMORY')
  assert.deepEqual([program.exitCode, program.logTail?.at(-1)], [1, 'MemoryError'])
})

test('a kill by the kernel for want of memory, and a full heap, are named', () => {
  const killed = { code: 'PROCESS_CRASHED', message: '', signal: 'SIGKILL' }
  const suspicion = { peakBytes: 0, tail: [], kills: oomKills() }
  assert.equal(withCause(killed, suspicion), killed)
  assert.equal(withCause(killed, { ...suspicion, kills: oomKills() - 1 }).code, 'OUT_OF_MEMORY')
  const aborted = { ...killed, signal: 'SIGABRT' }
  const tail = ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', '1: 0x74d5fa']
  assert.equal(withCause(aborted, suspicion), aborted)
  assert.equal(withCause(aborted, { ...suspicion, tail }).code, 'OUT_OF_MEMORY')
})

test('a silent process is killed; lines, prints and metrics are signs of life', async () => {
  assert.equal(problemOf(await runOnce(pool, 'quiet', { value: ['sleep', 5000] })).code, 'PROCESS_SILENT')
  for (const what of ['log', 'print', 'metric']) {
    assert.deepEqual(await outputsOf(pool, 'quiet', { value: [what, 1000] }), { value: 1 })
  }
})

test('a paused process, or one that waits for another, is not silent', async () => {
  const call = () => new Promise<string>((done) => setTimeout(() => done('{"value":1}'), 1000))
  assert.deepEqual(await outputsOf(pool, 'quiet', { value: ['call'] }, { call }), { value: 1 })
  const started = Promise.withResolvers<void>()
  const hooks = { onLog: () => started.resolve() }
  const ended = runOnce(pool, 'quiet', { value: ['log', 100] }, hooks, undefined, { id: 'paused-quiet' })
  await started.promise
  assert.ok(await pool.pause('paused-quiet'))
  setTimeout(() => pool.resume('paused-quiet'), 1000)
  assert.equal((await ended).status, 'successful')
})

test('after the soft limit a run may still give what it has', async () => {
  assert.deepEqual(await outputsOf(pool, 'soft', { value: 'give' }), { value: 'what there is' })
  const { code, message } = problemOf(await runOnce(pool, 'soft', { value: 'raise' }))
  assert.deepEqual([code, message], ['TIMEOUT', 'the process ran longer than its soft time limit of 300 ms'])
})

test('a run that ignores the soft limit goes on to the hard one', async () => {
  const started = performance.now()
  const more = { timeLimitMs: 800 }
  const { code, message } = problemOf(await runOnce(pool, 'soft', { value: 'ignore' }, {}, undefined, more))
  assert.deepEqual([code, message], ['TIMEOUT', 'the process ran longer than its time limit of 800 ms'])
  assert.ok(performance.now() - started >= 800)
})

test('a soft deadline is a moment', async () => {
  const outcome = await runOnce(pool, 'wait', { value: 1000 }, {}, undefined, {
    softDeadline: Date.now() + 200,
    timeLimitMs: 600,
  })
  assert.equal(problemOf(outcome).code, 'TIMEOUT')
})

test('beyond its time limit even a busy loop fails with TIMEOUT, its slot free; a stop says cancelled', async () => {
  const more = { timeLimitMs: 200 }
  const started = performance.now()
  const { code, message } = problemOf(await runOnce(pool, 'busy', {}, {}, undefined, more))
  assert.deepEqual([code, message], ['TIMEOUT', 'the process ran longer than its time limit of 200 ms'])
  assert.ok(performance.now() - started < 2200)
  assert.equal(pool.free(), 2)
  const abort = new AbortController()
  const hooks = { signal: abort.signal, onProgress: () => abort.abort() }
  assert.equal((await runOnce(pool, 'busy', {}, hooks, undefined, { timeLimitMs: 60_000 })).status, 'cancelled')
})

test('paused time does not count against the time limit, but against the deadline', async () => {
  const begun = Promise.withResolvers<void>()
  const hooks = { onProgress: () => begun.resolve() }
  const limited = runOnce(pool, 'wait', { value: 20 }, hooks, undefined, { id: 'limited', timeLimitMs: 1500 })
  await begun.promise
  await pool.pause('limited')
  setTimeout(() => pool.resume('limited'), 1700)
  assert.equal((await limited).status, 'successful')
  const late = runOnce(pool, 'wait', { value: 1000 }, { onProgress: () => void pool.pause('late') }, 800, {
    id: 'late',
  })
  assert.equal((await late).status, 'cancelled')
})

test('a deadline can be moved while a run waits and while it runs', async () => {
  const single = await poolOf([root], { slots: 1 })
  assert.equal(single.extend('nobody', 0), false)
  const abort = new AbortController()
  const first = runOnce(single, 'wait', { value: 60 }, {}, 300, { id: 'first' })
  const second = runOnce(single, 'wait', { value: 1 }, {}, 300, { id: 'second' })
  const third = runOnce(single, 'busy', {}, { signal: abort.signal }, 60_000, { id: 'third' })
  for (const id of ['first', 'second']) assert.equal(single.extend(id, Date.now() + 10_000), true)
  assert.deepEqual([(await first).status, (await second).status], ['successful', 'successful'])
  assert.equal(single.extend('third', Date.now()), true)
  assert.equal((await third).status, 'cancelled')
  assert.equal(single.extend('third', Date.now() + 1000), false)
})

test('output and log have limits of their own', async () => {
  const { code, message } = problemOf(await runOnce(pool, 'much', { value: 2000 }))
  assert.deepEqual([code, message.includes('1000')], ['TOO_LARGE', true])
  const lines: string[] = []
  await outputsOf(pool, 'much', { value: 'log' }, { onLog: ({ line }) => void lines.push(line) })
  assert.equal(lines.length, 11)
  assert.equal(lines.at(-1), '(log cut after 1000 bytes)')
})

test('nothing is left to watch when nothing runs', async () => {
  await until(() => (pool.free() === 2 && pool.waiting() === 0 ? true : undefined))
  await pool.close()
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'FSReqPromise')
  assert.ok(timers.length <= 2, timers.join())
})

function limits(given: object) {
  return `limits=${JSON.stringify(given)}`
}
