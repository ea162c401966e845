import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startChild } from './child.ts'
import { identify, isAlive } from './identity.ts'
import { cleanUp, liveRun, openLedger, readRun } from './ledger.ts'
import { choosePorts } from './ports.ts'
import { readStack, removeStack, writeStack } from './stack.ts'

void test('one launcher at a time has a folder', async (t) => {
  const dir = folder(t)
  const first = await openLedger(dir, () => {})
  assert.ok(first)
  assert.equal(await openLedger(dir, () => {}), undefined)
  assert.equal(liveRun(dir)?.launcher.pid, process.pid)
  first.close()
  assert.equal(readRun(dir), undefined)
})

void test('what a dead launcher left is stopped, and nobody else', async (t) => {
  const dir = folder(t)
  const ledger = await openLedger(dir, () => {})
  assert.ok(ledger)
  const ours = await startChild({ name: 'ours', file: 'sleep', args: ['60'], graceMs: 1000, ledger })
  const foreign = await startChild({ name: 'foreign', file: 'sleep', args: ['60'], graceMs: 1000 })
  t.after(() => foreign.kill())
  const run = readRun(dir)
  assert.ok(run)
  // The launcher of this record never existed, and the pid of one of its children belongs to another program by now.
  run.launcher.started = 'long ago'
  run.children.push({ name: 'reused', pid: foreign.pid, started: 'long ago', stopSignal: 'SIGTERM' })
  writeFileSync(join(dir, 'run.json'), JSON.stringify(run))
  assert.equal(liveRun(dir), undefined)
  const found: string[] = []
  await cleanUp(dir, (name) => found.push(name))
  assert.deepEqual(found, [`ours (pid ${ours.pid})`])
  assert.equal(await ours.exited, 'was ended by SIGTERM')
  assert.ok(foreign.running())
})

void test('a child that ignores the signal is killed with its group after the grace', async () => {
  const script = 'trap "" TERM; sleep 60 & echo ready; wait; sleep 60'
  const child = await startChild({ name: 'deaf', file: 'sh', args: ['-c', script], graceMs: 200 })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  await child.stop()
  assert.equal(await child.exited, 'was ended by SIGKILL')
})

void test('a program that does not exist is a plain error', async () => {
  await assert.rejects(startChild({ name: 'x', file: '/no/such', args: [], graceMs: 1 }), /cannot start \/no\/such/)
})

void test('a process is known by its start, not by its pid', () => {
  const me = identify(process.pid)
  assert.ok(me && isAlive(me))
  assert.ok(!isAlive({ ...me, started: 'another time' }))
})

void test('ports are remembered, and left alone when somebody has them', async (t) => {
  const memory = join(folder(t), 'ports.json')
  const scattered = await choosePorts()
  writeFileSync(memory, JSON.stringify(scattered))
  assert.deepEqual(await choosePorts(memory), scattered)
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(scattered.http, '127.0.0.1', resolve))
  t.after(() => server.close())
  const again = await choosePorts(memory)
  assert.deepEqual({ ...again, http: 0 }, { ...scattered, http: 0 })
  assert.ok(again.http > scattered.http)
  assert.deepEqual(JSON.parse(readFileSync(memory, 'utf8')), again)
})

void test('stack.json comes and goes whole', (t) => {
  const dir = folder(t)
  assert.equal(readStack(dir), undefined)
  const stack = { httpUrl: 'h', amqpUrl: 'a', mqttUrl: null, databaseUrl: 'd', managementUrl: null, pid: 1 }
  writeStack(dir, stack)
  assert.deepEqual(readStack(dir), stack)
  removeStack(dir)
  assert.equal(readStack(dir), undefined)
})

function folder(t: { after(fn: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), 'warren-ledger-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
