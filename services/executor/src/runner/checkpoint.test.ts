import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderWith, nodeProcess, poolOf, problemOf, pythonProcess, runOnce } from './testing.ts'

/** Values that are lost where a state is printed anew: 1.0 and -0.0, digits beyond 2^53, the last bit of a sum. */
const root = folderWith({
  'node/process.ts': nodeProcess(
    'node',
    `const state = context.restored ?? { i: 0, sum: 0, zero: -0, text: 'ü\\n"' }
    while (state.i < value) {
      state.sum += 0.1 / ++state.i
      if (context.checkpointDue(20)) context.checkpoint(state)
      await new Promise((done) => setTimeout(done, 2))
    }
    return { value: [state.sum, Object.is(state.zero, -0), state.text, context.restored !== undefined] }`,
    'checkpointable: true,',
  ),
  'python/process.py': pythonProcess(
    'python',
    `
import time
state = context.restored or {'i': 0, 'sum': 0.0, 'one': 1.0, 'zero': -0.0, 'big': 12345678901234567890}
while state['i'] < value:
    state['i'] += 1
    state['sum'] += 0.1 / state['i']
    if context.checkpoint_due(0.02): context.checkpoint(state)
    time.sleep(0.002)
return {'value': [state['sum'], repr(state['one']), repr(state['zero']), state['big'], context.restored is not None]}`,
    undefined,
    'checkpointable=True',
  ),
  'stubborn/process.py': pythonProcess(
    'stubborn',
    `
import time
for i in range(100):
    try: context.checkpoint({'i': i})
    except Exception: pass
    time.sleep(0.01)
return {'value': 'not reached'}`,
    undefined,
    'checkpointable=True',
  ),
  'last/process.ts': nodeProcess(
    'last',
    `const aborted = new Promise((done) => context.signal.addEventListener('abort', done))
    context.metric('begun', 1)
    await aborted
    context.checkpoint({ last: true })`,
    'checkpointable: true,',
  ),
  'plain/process.ts': nodeProcess('plain', `await new Promise((done) => setTimeout(done, value)); return { value }`),
  'bad/process.py': pythonProcess(
    'bad',
    `context.checkpoint({'a': [1, float('nan')]})`,
    undefined,
    'checkpointable=True',
  ),
})
const bundled = fileURLToPath(new URL('../../../../processes/', import.meta.url))
const here = await poolOf([root, bundled])
/** Kills what it cancels, at once */
const brutal = await poolOf([root, bundled], { graceMs: 0, termMs: 0 })
const elsewhere = await poolOf([root, bundled])

for (const [processId, inputs] of [
  ['node', { value: 150 }],
  ['python', { value: 150 }],
  ['heat', { points: 101, steps: 60_000, diffusivity: 1, safety: 0.4 }],
] as const) {
  test(`${processId}: saved, ended, and resumed elsewhere, it gives the same result bit for bit`, async () => {
    const undisturbed = await resultOf(runOnce(here, processId, inputs))
    const id = `asked-${processId}`
    const seen = Promise.withResolvers<void>()
    const ended = runOnce(here, processId, inputs, { onCheckpoint: () => seen.resolve() }, undefined, { id })
    await Promise.race([seen.promise, ended])
    assert.equal(here.checkpoint(id), true)
    const outcome = await ended
    assert.ok(outcome.status === 'checkpointed', JSON.stringify(outcome))
    assert.equal(here.free(), 2)
    const { state } = outcome
    const result = await resultOf(runOnce(elsewhere, processId, inputs, {}, undefined, { checkpoint: state }))
    assert.equal(result.replace('true]', 'false]'), undisturbed)
  })

  test(`${processId}: killed, it goes on from the last state that was saved`, async () => {
    const undisturbed = await resultOf(runOnce(here, processId, inputs))
    const states: string[] = []
    const abort = new AbortController()
    const onCheckpoint = (state: string) => void (states.push(state) === 1 && abort.abort())
    const ended = await runOnce(brutal, processId, inputs, { onCheckpoint, signal: abort.signal })
    assert.equal(ended.status, 'cancelled')
    const checkpoint = states.at(-1)!
    const result = await resultOf(runOnce(elsewhere, processId, inputs, {}, undefined, { checkpoint }))
    assert.equal(result.replace('true]', 'false]'), undisturbed)
  })
}

test('the state is the text that the process printed', async () => {
  let text = ''
  const onCheckpoint = (state: string) => void (text = state)
  await runOnce(here, 'python', { value: 30 }, { onCheckpoint })
  assert.match(text, /^\{"i":\d+,"sum":[\d.]+,"one":1\.0,"zero":-0\.0,"big":12345678901234567890\}$/)
})

test('one that is asked before it has begun, or while it is suspended, saves its state too', async () => {
  const starting = runOnce(await poolOf([root]), 'stubborn')
  assert.equal(here.checkpoint('nobody'), false)
  const fresh = await poolOf([root])
  const ended = runOnce(fresh, 'stubborn', {}, {}, undefined, { id: 'early' })
  assert.equal(fresh.checkpoint('early'), true)
  const outcome = await ended
  assert.equal(outcome.status === 'checkpointed' && outcome.state, '{"i":0}')
  const seen = Promise.withResolvers<void>()
  const hooks = { onCheckpoint: () => seen.resolve() }
  const suspended = runOnce(fresh, 'stubborn', {}, hooks, undefined, { id: 'suspended' })
  await seen.promise
  assert.equal(await fresh.pause('suspended'), true)
  assert.equal(fresh.checkpoint('suspended'), true)
  assert.equal((await suspended).status, 'checkpointed')
  assert.equal((await starting).status, 'successful')
})

test('a process that does not declare it, or has not started, is not asked', async () => {
  const single = await poolOf([root], { slots: 1 })
  const plain = runOnce(single, 'plain', { value: 50 }, {}, undefined, { id: 'plain' })
  const waiting = runOnce(single, 'python', { value: 1 }, {}, undefined, { id: 'waiting' })
  assert.equal(single.checkpoint('plain'), false)
  assert.equal(single.checkpoint('waiting'), false)
  assert.equal((await plain).status, 'successful')
  assert.equal((await waiting).status, 'successful')
})

test('one that is stopped while it saves its state is stopped, and has saved it', async () => {
  const states: string[] = []
  const abort = new AbortController()
  const hooks = {
    signal: abort.signal,
    onCheckpoint: (state: string) => void states.push(state),
    onMetric: () => (here.checkpoint('both'), abort.abort()),
  }
  const ended = await runOnce(here, 'last', {}, hooks, undefined, { id: 'both' })
  assert.equal(ended.status, 'cancelled')
  assert.deepEqual(states, ['{"last":true}'])
})

test('what JSON cannot carry is refused with its path', async () => {
  const { code, message } = problemOf(await runOnce(here, 'bad'))
  assert.equal(code, 'BAD_RESULT')
  assert.ok(message.startsWith('state.a[1]: NaN'), message)
})

async function resultOf(run: ReturnType<typeof runOnce>) {
  const outcome = await run
  assert.ok(outcome.status === 'successful', JSON.stringify(outcome))
  return outcome.outputs
}
