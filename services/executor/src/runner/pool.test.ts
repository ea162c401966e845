import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  env,
  folderWith,
  isAlive,
  nodeProcess,
  outputsOf,
  poolOf,
  problemOf,
  pythonProcess,
  runOnce,
  until,
} from './testing.ts'

const root = folderWith({
  'same/process.ts': nodeProcess('same', 'return { value }'),
  'sleep/process.ts': nodeProcess(
    'sleep',
    'await new Promise((done) => setTimeout(done, value)); return { value: [process.pid, Date.now()] }',
  ),
  'print/process.ts': nodeProcess('print', `console.log('out ' + value); console.error('err'); return { value }`),
  'crash/process.ts': nodeProcess('crash', `console.error('last words'); process.exit(7)`),
  'later/process.ts': nodeProcess(
    'later',
    `setTimeout(() => { throw new Error('late') }); await new Promise(() => {})`,
  ),
  'bad/process.ts': nodeProcess(
    'bad',
    `const it = []; it.push(it)
    return { value: { nan: NaN, deep: [1, { x: Infinity }], none: [undefined], cycle: it, big: 1n, fn: () => 1 }[value] }`,
  ),
  'flood/process.ts': nodeProcess(
    'flood',
    `if (value === 'log') { for (let i = 0; i < 2000; i++) console.log('x'.repeat(99)); return { value: 1 } }
    return { value: 'x'.repeat(value) }`,
  ),
  'files/process.ts':
    `import { writeFileSync, readdirSync } from 'node:fs'\n` +
    nodeProcess(
      'files',
      `writeFileSync(context.workdir + '/a', ''); return { value: [context.workdir, ...readdirSync(context.workdir)] }`,
    ),
  'mixed/process.ts':
    `import { appendFileSync } from 'node:fs'\n` +
    nodeProcess(
      'mixed',
      `const [ms, file] = value; appendFileSync(file, 'x')
    for (const end = Date.now() + ms; Date.now() < end; );
    return { value: process.pid }`,
    ),
  'call/process.ts': nodeProcess(
    'call',
    `
    try { return { value: value > 0 ? 1 + (await context.call('call', { value: value - 1 })).value : (await context.call('nobody', {})).value } }
    catch (error) { if (error.code !== 'NO_SUCH_PROCESS') throw error; return { value: 0 } }`,
  ),
  'single/process.ts': nodeProcess(
    'single',
    'await new Promise((done) => setTimeout(done, 50)); return { value: process.pid }',
    'concurrency: 1,',
  ),
  'raw/process.py': pythonProcess(
    'raw',
    `return {'a': 1.0, 'b': 12345678901234567890, 'c': type(value).__name__}`,
    `{'a': {'schema': {}}, 'b': {'schema': {}}, 'c': {'schema': {}}}`,
  ),
  'py/process.py': pythonProcess(
    'py',
    `
if value == 'nan': return {'value': [1.0, float('nan')]}
if value == 'set': return {'value': {1, 2}}
if value == 'raise': raise ValueError('no')
if value == 'exit':
    import os; os._exit(3)
context.progress(50, 'half'); context.metric('m', 2.5, 1); print('printed')
return {'value': value}`,
  ),
  'foreign/process.json': '{ "runner": ["./host"] }',
  'foreign/host': `#!/usr/bin/env python3
import json, os
for line in os.fdopen(3, 'r'):
    message = json.loads(line)
    if message['type'] == 'describe':
        value = {'value': {'schema': {}}}
        answer = {'processes': [{'id': 'foreign', 'version': '1.0.0', 'title': '', 'description': '', 'inputs': value, 'outputs': value}],
                  'type': 'described'}
    if message['type'] == 'run':
        answer = {'outputs': message['inputs'], 'more': True, 'id': message['id'], 'type': 'result'}
    os.write(3, json.dumps(answer).encode() + b'\\n')
`,
  'pycall/process.py': pythonProcess('pycall', `return {'value': context.call('same', {'value': value})['value']}`),
})

chmodSync(`${root}/foreign/host`, 0o755)

const pool = await poolOf([root])
const call = async (processId: string, inputs: string): Promise<string> => {
  const outcome = await runOnce(pool, processId, inputs, { call })
  if (outcome.status === 'successful') return outcome.outputs
  throw Object.assign(new Error('failed'), outcome.status === 'failed' ? outcome.problem : {})
}

test('two slots run two at a time and the rest in order', async () => {
  const free: number[] = []
  const unsubscribe = pool.onFree(() => free.push(pool.free()))
  const started = Date.now()
  const outcomes = Array.from({ length: 4 }, () => outputsOf(pool, 'sleep', { value: 300 }))
  assert.equal(pool.free(), 0)
  assert.equal(pool.waiting(), 2)
  const ended = (await Promise.all(outcomes)).map(({ value }) => (value as number[])[1]! - started)
  assert.ok(ended[1]! < ended[2]! && ended[2]! - ended[0]! >= 250, ended.join())
  assert.equal(pool.free(), 2)
  assert.ok(free.length > 0)
  unsubscribe()
})

test('a crash fails one run, says how, and no other', async () => {
  const [crashed, ...others] = await Promise.all([
    runOnce(pool, 'crash'),
    ...Array.from({ length: 5 }, (_, value) => outputsOf(pool, 'same', { value })),
  ])
  const problem = problemOf(crashed)
  assert.equal(problem.code, 'PROCESS_CRASHED')
  assert.equal(problem.exitCode, 7)
  assert.deepEqual(problem.logTail, ['last words'])
  assert.deepEqual(
    others.map(({ value }) => value),
    [0, 1, 2, 3, 4],
  )
  assert.equal(problemOf(await runOnce(pool, 'py', { value: 'exit' })).exitCode, 3)
})

test('an error outside the promise of a run fails that run with its place', async () => {
  const { code, message, file, line } = problemOf(await runOnce(pool, 'later'))
  assert.deepEqual([code, message, file, line], ['PROCESS_FAILED', 'late', `${root}/later/process.ts`, 3])
})

test('what JSON cannot carry is BAD_RESULT with its path', async () => {
  const paths = {
    nan: 'value:',
    deep: 'value[1].x:',
    none: 'value[0]:',
    cycle: 'value[0]:',
    big: 'value:',
    fn: 'value:',
  }
  for (const [value, path] of Object.entries(paths)) {
    const { code, message } = problemOf(await runOnce(pool, 'bad', { value }))
    assert.equal(code, 'BAD_RESULT')
    assert.ok(message.startsWith(path), message)
  }
  for (const [value, path] of [
    ['nan', 'value[1]: NaN'],
    ['set', 'value: a set'],
  ] as const) {
    const { code, message } = problemOf(await runOnce(pool, 'py', { value }))
    assert.equal(code, 'BAD_RESULT')
    assert.ok(message.startsWith(path), message)
  }
})

test('numbers stay as they were printed', async () => {
  const outcome = await runOnce(pool, 'raw', '{"value":1}')
  assert.equal(outcome.status === 'successful' && outcome.outputs, '{"a":1.0,"b":12345678901234567890,"c":"int"}')
})

test('with one slot the runs behind a long one wait for it, and none runs twice', async () => {
  const single = await poolOf([root], { slots: 1 })
  const file = `${folderWith()}/runs`
  const run = (ms: number) => outputsOf(single, 'mixed', { value: [ms, file] })
  for (let i = 0; i < 60; i++) await run(0)
  for (let i = 0; i < 5; i++) await Promise.all([run(200), ...Array.from({ length: 7 }, () => run(0))])
  assert.equal(readFileSync(file, 'utf8').length, 100)
})

test('a host of another language is one if it speaks the protocol', async () => {
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => runOnce(pool, 'foreign', '{"value":[1.0]}')))
  for (const outcome of outcomes) assert.equal(outcome.status === 'successful' && outcome.outputs, '{"value": [1.0]}')
})

test('log lines, progress and metrics reach the run that made them', async () => {
  const seen: unknown[] = []
  const hooks = {
    onLog: ({ stream, line }: { stream: string; line: string }) => seen.push(`${stream} ${line}`),
    onProgress: (percent: number, message?: string) => seen.push([percent, message]),
    onMetric: (name: string, value: number, step?: number) => seen.push([name, value, step]),
  }
  for (let value = 0; value < 30; value++) {
    seen.length = 0
    await outputsOf(pool, 'print', { value }, hooks)
    assert.deepEqual(seen.map(String).toSorted(), ['stderr err', `stdout out ${value}`])
  }
  seen.length = 0
  await outputsOf(pool, 'py', { value: 1 }, hooks)
  assert.deepEqual(new Set(seen.map(String)), new Set(['50,half', 'm,2.5,1', 'stdout printed']))
})

test('output and log have their limits', async () => {
  const small = await poolOf([root], { maxOutputBytes: 10_000, maxLogBytes: 1000 })
  assert.equal(problemOf(await runOnce(small, 'flood', { value: 20_000 })).code, 'TOO_LARGE')
  const lines: string[] = []
  await outputsOf(small, 'flood', { value: 'log' }, { onLog: ({ line }) => lines.push(line) })
  assert.equal(lines.length, 11)
  assert.match(lines.at(-1)!, /log cut/)
})

test('a working directory is made when asked for and removed after the run', async () => {
  const { value } = await outputsOf(pool, 'files')
  const [workdir, ...files] = value as string[]
  assert.deepEqual(files, ['a'])
  await assert.rejects(import('node:fs/promises').then(({ stat }) => untilGone(() => stat(workdir!))))
})

test('short runs are sent ahead; a long one among them holds up none, and none runs twice', async () => {
  const quick = await poolOf([root])
  const file = `${folderWith()}/runs`
  const run = (ms: number) => outputsOf(quick, 'mixed', { value: [ms, file] })
  for (let i = 0; i < 60; i++) await run(0)
  const started = Date.now()
  const long = run(1000)
  const short = await Promise.all(Array.from({ length: 7 }, () => run(0)))
  assert.ok(Date.now() - started < 700, 'the short ones waited for the long one')
  const { value } = await long
  assert.ok(short.every((outputs) => outputs['value'] !== value))
  assert.equal(readFileSync(file, 'utf8').length, 68)
})

test('nested calls lend their slot, and their errors have codes', async () => {
  assert.deepEqual(await outputsOf(pool, 'call', { value: 6 }, { call }), { value: 6 })
  assert.deepEqual(await outputsOf(pool, 'pycall', '{"value":[1.5]}', { call }), { value: [1.5] })
  assert.equal(pool.free(), 2)
})

test('a process may limit its own concurrency', async () => {
  const values = await Promise.all(Array.from({ length: 3 }, () => outputsOf(pool, 'single')))
  assert.equal(new Set(values.map(({ value }) => value)).size, 1)
})

test('idle children end, the last one of a folder later', async () => {
  const pool = await poolOf([root], { idleMs: 20, lastIdleMs: 2_000 })
  const both = await Promise.all([outputsOf(pool, 'sleep', { value: 50 }), outputsOf(pool, 'sleep', { value: 50 })])
  const pids = both.map(({ value }) => (value as number[])[0] as number)
  assert.equal(new Set(pids).size, 2)
  const last = await until(() => {
    const alive = pids.filter(isAlive)
    return alive.length === 1 ? alive[0] : undefined
  })
  const again = await outputsOf(pool, 'sleep', { value: 0 })
  assert.equal((again['value'] as number[])[0], last)
  await until(() => (isAlive(last) ? undefined : true))
})

test('a Node host keeps its compiled code where it is told', async () => {
  const folder = folderWith()
  const pool = await poolOf([root], { env: { ...env, NODE_COMPILE_CACHE: folder } })
  await outputsOf(pool, 'same', { value: 1 })
  await pool.close()
  assert.notEqual(readdirSync(folder, { recursive: true }).length, 0)
})

test('an unknown process is refused by code', async () => {
  assert.equal(problemOf(await runOnce(pool, 'nobody')).code, 'NO_SUCH_PROCESS')
})

async function untilGone(look: () => Promise<unknown>) {
  for (let tries = 0; tries < 100; tries++) {
    await look()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
