import assert from 'node:assert/strict'
import { test, after } from 'node:test'
import type { WarrenError } from '@warren/contracts'
import type { Described } from './described.ts'
import { createDescribers, type DescribersOptions } from './describers.ts'
import { discoveryOf, env, folderWith, until } from './testing.ts'

const node = `import { BadOption, defineParametricProcess } from '@warren/worker'
const number = { schema: { type: 'number' } }
export default defineParametricProcess({ id: 'vector', version: '1.0.0', title: '', description: '',
  inputs: { size: { option: true, schema: { type: 'integer', default: 2 } } },
  grammar({ size }) {
    if (size === 5) throw new BadOption(['size'], 'five is out')
    if (size === 6) throw new Error('six is out')
    if (size === 7) while (true);
    if (size === 8) process.exit(3)
    if (size === 9) return { inputs: { size: number }, outputs: {} }
    const xs = Array.from({ length: size }, (_, i) => 'x' + i)
    return { inputs: Object.fromEntries(xs.map((x) => [x, number])), outputs: { pid: { schema: { const: process.pid } } } }
  },
  run: () => ({}) })`

const python = `from warren import BadOption, process
def grammar(size):
    if size == 5:
        raise BadOption(['size'], 'five is out')
    if size == 6:
        raise ValueError('six is out')
    return {'inputs': {f'x{i}': {'schema': {'type': 'number'}} for i in range(size)}, 'outputs': {}}
@process(id='vector', version='1.0.0', inputs={'size': {'option': True, 'schema': {'type': 'integer', 'default': 2}}}, grammar=grammar)
def vector(size, **xs):
    return {}
`

async function describedOf(files: { readonly [path: string]: string }): Promise<Described> {
  const { processes, unavailable } = await (await discoveryOf({ roots: [folderWith(files)] })).rescan()
  assert.deepEqual(unavailable, [])
  return processes[0]!
}

function describersOf(options: Partial<DescribersOptions> = {}) {
  const describers = createDescribers({ workRoot: folderWith(), env, ...options })
  after(() => describers.close())
  return describers
}

for (const [name, file, text] of [
  ['Node', 'process.ts', node],
  ['Python', 'process.py', python],
] as const) {
  test(`a process in ${name} says what it is with its default options, and with others`, async () => {
    const described = await describedOf({ [`vector/${file}`]: text })
    const { declaration } = described
    assert.equal(declaration.parametric, true)
    assert.deepEqual(Object.keys(declaration.inputs), ['size', 'x0', 'x1'])
    const describers = describersOf()
    const other = await describers.describe(described, '{"size":4}')
    assert.deepEqual(Object.keys(other.inputs), ['size', 'x0', 'x1', 'x2', 'x3'])
    assert.equal(other.version, '1.0.0')
    for (const [size, pointer, message] of [
      [5, '/size', 'five is out'],
      [6, '', 'six is out'],
    ] as const) {
      const error = await describers.describe(described, `{"size":${size}}`).catch((error: WarrenError) => error)
      assert.ok('code' in error && error.code === 'BAD_INPUT')
      assert.deepEqual(error.details.errors, [{ pointer, code: 'option', message }])
    }
  })
}

test('a child answers many questions; one that hangs or ends is replaced', async () => {
  const described = await describedOf({ 'vector/process.ts': node })
  const describers = describersOf({ timeoutMs: 2_000 })
  const ask = async (size: number) => (await describers.describe(described, `{"size":${size}}`)).outputs['pid']
  const pids = new Set((await Promise.all([1, 2, 3, 1].map(ask))).map((pid) => JSON.stringify(pid)))
  assert.equal(pids.size, 1)
  const failed = { code: 'PROCESS_FAILED' }
  await assert.rejects(ask(7), { ...failed, message: 'it did not describe itself within 2 s' })
  await assert.rejects(ask(8), { ...failed, message: /exit code 3/ })
  await assert.rejects(ask(9), { code: 'BAD_INPUT' })
  pids.add(JSON.stringify(await ask(1)))
  assert.equal(pids.size, 2)
})

test('of too many children the one that was asked longest ago goes, with its answers given', async () => {
  const files = Object.fromEntries(
    [0, 1, 2, 3, 4].map((n) => [`${n}/process.ts`, node.replace('vector', `vector${n}`)]),
  )
  const { processes } = await (await discoveryOf({ roots: [folderWith(files)] })).rescan()
  const describers = describersOf()
  const ask = async (described: Described) => (await describers.describe(described, '{}')).outputs['pid']
  const pids = await Promise.all(processes.map(ask))
  assert.equal(new Set(pids.map((pid) => JSON.stringify(pid))).size, 5)
  assert.deepEqual(await Promise.all(processes.slice(1).map(ask)), pids.slice(1))
  assert.notDeepEqual(await ask(processes[0]!), pids[0])
})

test('a child that is asked nothing goes', async () => {
  const described = await describedOf({ 'vector/process.ts': node })
  const describers = describersOf({ idleMs: 100 })
  const { const: pid } = (await describers.describe(described, '{}')).outputs['pid']!.schema
  await until(() => {
    try {
      return process.kill(Number(pid), 0) ? undefined : true
    } catch {
      return true
    }
  })
})
