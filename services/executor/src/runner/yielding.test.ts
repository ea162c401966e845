import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderWith, nodeProcess, outputsOf, poolOf, pythonProcess, runOnce, until } from './testing.ts'

// A process that yields rests between its steps and not within one; who never comes to that point is stopped all the same.

const root = folderWith({
  'pysteps/process.py': pythonProcess(
    'pysteps',
    `
import time
for step in range(value):
    context.pause_point()
    context.progress(100, 'in')
    time.sleep(0.05)
    context.progress(100, 'out')
return value`,
    undefined,
    'yields=True',
  ),
  'nodesteps/process.ts': nodeProcess(
    'nodesteps',
    `
for (let step = 0; step < (value as number); step++) {
  if (context.pauseDue()) await context.pausePoint()
  context.signal.throwIfAborted()
  context.progress(100, 'in')
  await new Promise((resolve) => setTimeout(resolve, 50))
  context.progress(100, 'out')
}
return { value }`,
    'yields: true,',
  ),
  'never/process.py': pythonProcess(
    'never',
    `
context.progress(100, 'in')
while True: pass`,
    undefined,
    'yields=True',
  ),
  'ends/process.py': pythonProcess(
    'ends',
    `
import time
try:
    while True:
        context.pause_point()
        context.progress(100, 'in')
        time.sleep(0.05)
finally:
    context.tell('end', 'between steps')
    time.sleep(0.3)
    context.tell('end', 'after all was put away')`,
    undefined,
    'yields=True',
  ),
  'teller/process.py': pythonProcess(
    'teller',
    `
context.tell('status', {'time': 1.5})
try:
    context.tell('status', float('nan'))
except Exception as error:
    return str(error)`,
  ),
  'nodeteller/process.ts': nodeProcess('nodeteller', `context.tell('a b', [null, 'x']); return { value: 1 }`),
})
const pool = await poolOf([root], { slots: 2 })

for (const processId of ['pysteps', 'nodesteps']) {
  test(`${processId}: a pause waits for the end of the step, and a resume lets it go on`, async () => {
    const { said, ended } = start(processId, { value: 20 })
    await until(() => said.at(-1) === 'in' || undefined)
    assert.equal(await pool.pause(processId), true)
    assert.equal(said.at(-1), 'out')
    assert.equal(pool.free(), 2, 'its slot is lent')
    const standing = said.length
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.equal(said.length, standing)
    assert.equal(pool.resume(processId), true)
    await until(() => said.length > standing || undefined, 1000)
    assert.equal((await ended).status, 'successful')
  })

  test(`${processId}: a pause that is taken back in the same moment does nothing`, async () => {
    const { said, ended } = start(processId, { value: 3 })
    await until(() => said.length > 0 || undefined)
    const paused = pool.pause(processId)
    pool.resume(processId)
    assert.equal(await paused, false)
    assert.equal((await ended).status, 'successful')
  })

  test(`${processId}: a run that rests is stopped fast`, async () => {
    const { said, abort, ended } = start(processId, { value: 1000 })
    await until(() => said.length > 0 || undefined)
    await pool.pause(processId)
    const since = performance.now()
    abort.abort()
    assert.equal((await ended).status, 'cancelled')
    assert.ok(performance.now() - since < 500)
  })
}

test('one that does not come to such a point is stopped wherever it is', async () => {
  const { said, abort, ended } = start('never')
  await until(() => said.length > 0 || undefined)
  const since = performance.now()
  assert.equal(await pool.pause('never'), true)
  const ms = performance.now() - since
  assert.ok(ms > 1000 && ms < 2000, `${ms} ms`)
  abort.abort()
  assert.equal((await ended).status, 'cancelled')
})

test('a stop ends a run between its steps, and lets it put things away', async () => {
  const { said, told, abort, ended } = start('ends')
  await until(() => said.length > 0 || undefined)
  abort.abort()
  assert.equal((await ended).status, 'cancelled')
  assert.deepEqual(told, [
    ['end', 'between steps'],
    ['end', 'after all was put away'],
  ])
})

test('what a run tells comes as it is, and what JSON cannot carry is refused', async () => {
  const told: unknown[] = []
  const onTell = (...all: unknown[]) => told.push(all)
  const { value } = await outputsOf(pool, 'teller', {}, { onTell })
  assert.match(String(value), /^status: NaN/)
  await outputsOf(pool, 'nodeteller', {}, { onTell })
  assert.deepEqual(told, [
    ['status', { time: 1.5 }],
    ['a b', [null, 'x']],
  ])
})

function start(id: string, inputs: object = {}) {
  const said: (string | undefined)[] = []
  const told: unknown[] = []
  const abort = new AbortController()
  const hooks = {
    signal: abort.signal,
    onProgress: (_: number, message?: string) => void said.push(message),
    onTell: (...all: unknown[]) => void told.push(all),
  }
  return { said, told, abort, ended: runOnce(pool, id, inputs, hooks, undefined, { id }) }
}
