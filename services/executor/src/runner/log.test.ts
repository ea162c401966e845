import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { test } from 'node:test'
import { logReader } from './log-lines.ts'
import type { LogLine } from './run.ts'
import { folderWith, nodeProcess, outputsOf, poolOf, pythonProcess, runOnce } from './testing.ts'

const root = folderWith({
  'flood/process.py': pythonProcess(
    'flood',
    `
import sys
for start in range(0, value, 1000):
    sys.stdout.write(''.join(f'line {i} of a flood that somebody forgot to turn off\\n' for i in range(start, start + 1000)))
return {'value': value}`,
  ),
  'says/process.ts': nodeProcess(
    'says',
    `context.log('debug', 'one'); context.log('error', 'two\\nthree'); context.log('loud', 'four')
    console.log('out'); console.error('err')
    return { value: process.env.TRACEPARENT ?? null }`,
  ),
  'pysays/process.py': pythonProcess(
    'pysays',
    `
import logging, os
logging.getLogger().setLevel(logging.DEBUG)
context.log('debug', 'one')
logging.info('two %d', 2)
logging.getLogger('lib').warning('three')
try: 1 / 0
except ZeroDivisionError: logging.exception('four')
print('out')
return {'value': os.environ.get('TRACEPARENT')}`,
  ),
  'trace/process.json': JSON.stringify({
    id: 'trace',
    version: '1.0.0',
    title: '',
    description: '',
    inputs: {},
    outputs: { value: { schema: { type: 'string' } } },
    command: ['sh', '-c', 'printf %s "$TRACEPARENT"'],
    stdout: { output: 'value' },
  }),
})
const pool = await poolOf([root])

test('100,000 lines at once arrive all, in order, and the event loop goes on meanwhile', async () => {
  let count = 0
  let wrong = 0
  const onLog = ({ line }: LogLine) => {
    if (!line.startsWith(`line ${count++} of`)) wrong++
  }
  await outputsOf(pool, 'flood', { value: 1000 })
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  await outputsOf(pool, 'flood', { value: 100_000 }, { onLog })
  delay.disable()
  assert.deepEqual([count, wrong], [100_000, 0])
  assert.ok(delay.max < 200e6, `${delay.max / 1e6} ms`)
})

test('what a process says has its level, line by line', async () => {
  assert.deepEqual(await saidBy('says'), [
    'log debug one',
    'log error two',
    'log error three',
    'log info four',
    'stderr warning err',
    'stdout info out',
  ])
  const said = await saidBy('pysays')
  assert.deepEqual(
    ['log debug one', 'log info two 2', 'log warning lib: three', 'log error four', 'stdout info out'].filter(
      (line) => !said.includes(line),
    ),
    [],
  )
  assert.ok(said.includes('log error ZeroDivisionError: division by zero'))
})

test('the trace context is in the environment of the run, and not of the next one', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  for (const processId of ['says', 'pysays', 'trace']) {
    const outcome = await runOnce(pool, processId, {}, {}, undefined, { traceparent })
    assert.equal(outcome.status === 'successful' && outcome.value['value'], traceparent, processId)
  }
  assert.deepEqual(await outputsOf(pool, 'says'), { value: null })
  assert.deepEqual(await outputsOf(pool, 'pysays'), { value: null })
  assert.deepEqual(await outputsOf(pool, 'trace'), { value: '' })
})

test('log lines are cut wherever the chunks end, and long ones are shortened', () => {
  const bytes = Buffer.from(`one\nzwei ü\n\n${'x'.repeat(20_000)}\nlast`)
  for (const size of [1, 7, 10_000, 50_000]) {
    const lines: string[] = []
    let counted = 0
    const reader = logReader((some, count) => {
      lines.push(...some)
      counted += count
    })
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
    reader.end()
    assert.deepEqual([lines.length, lines[0], lines[1], lines[2], lines[4]], [5, 'one', 'zwei ü', '', 'last'])
    assert.equal(lines[3], `${'x'.repeat(16_384)} … (cut)`)
    assert.equal(counted, Buffer.byteLength(lines.join('\n')) + 1)
  }
})

async function saidBy(processId: string) {
  const said: string[] = []
  await outputsOf(
    pool,
    processId,
    {},
    { onLog: ({ stream, level, line }) => void said.push(`${stream} ${level} ${line}`) },
  )
  return said.toSorted((a, b) => (a.startsWith('log') && b.startsWith('log') ? 0 : a < b ? -1 : 1))
}
