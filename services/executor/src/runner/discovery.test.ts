import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import type { Discovery, Snapshot } from './discovery.ts'
import { discoveryOf, folderWith, nodeProcess, pythonProcess, write } from './testing.ts'

test('folders are found, changed, broken, mended and removed while it runs', async () => {
  const root = folderWith({ 'one/process.ts': nodeProcess('one', 'return { value }'), 'notes/readme.md': '' })
  const discovery = await discoveryOf({ roots: [root] })
  const first = await discovery.start()
  assert.deepEqual(ids(first), ['one'])
  assert.deepEqual(first.unavailable, [])

  const added = next(discovery, (snapshot) => ids(snapshot).includes('two'))
  write(root, { 'two/process.py': pythonProcess('two', 'return value') })
  assert.deepEqual(ids(await added), ['one', 'two'])

  const changed = next(discovery, ({ processes }) => processes[0]!.digest !== first.processes[0]!.digest)
  write(root, { 'one/table.csv': '1,2' })
  assert.deepEqual(ids(await changed), ['one', 'two'])

  const broken = next(discovery, ({ unavailable }) => unavailable.length > 0)
  write(root, { 'one/process.ts': 'export default {\n  a: }\n' })
  const { unavailable, processes } = await broken
  assert.equal(unavailable[0]!.folder, `${root}/one`)
  assert.match(unavailable[0]!.reason, /one\/process\.ts:2\)$/)
  assert.deepEqual(
    processes.map(({ declaration }) => declaration.id),
    ['two'],
  )

  const mended = next(discovery, ({ unavailable }) => unavailable.length === 0)
  write(root, { 'one/process.ts': nodeProcess('three', 'return { value }') })
  assert.deepEqual(ids(await mended), ['three', 'two'])

  const removed = next(discovery, (snapshot) => ids(snapshot).length === 1)
  rmSync(`${root}/two`, { recursive: true })
  assert.deepEqual(ids(await removed), ['three'])
})

test('no folder at all is no process', async () => {
  const discovery = await discoveryOf({ roots: [] })
  assert.deepEqual(await discovery.start(), { processes: [], unavailable: [] })
})

test('what cannot be used is listed with the reason, and harms no other', async () => {
  const root = folderWith({
    'a/process.ts': nodeProcess('same', 'return { value }'),
    'b/process.mjs': nodeProcess('same', 'return { value }'),
    'dots/process.ts': nodeProcess('with.dots', 'return { value }'),
    'empty/process.ts': 'export const nothing = 1',
    'js/process.js': 'const a = 1\nlet b = }',
    'json/process.json': '{\n "id": x }',
    'py/process.py': 'from warren import process\nx = (',
    'throws/process.py': 'import nothing_of_this_name',
    'quits/process.mjs': 'console.log("bye"); process.exit(4)',
    'two/process.ts': '',
    'two/process.py': '',
    'node_modules/x/process.ts': '',
  })
  const snapshot = await (await discoveryOf({ roots: [root, `${root}/absent`] })).rescan()
  assert.deepEqual(ids(snapshot), ['same'])
  const reasons = new Map(snapshot.unavailable.map(({ folder, reason }) => [folder.slice(root.length + 1), reason]))
  assert.match(reasons.get('b')!, /^the id same is taken by .*\/a$/)
  assert.match(reasons.get('dots')!, /"with.dots" does not match/)
  assert.match(reasons.get('empty')!, /exports no process/)
  assert.match(reasons.get('js')!, /process\.js:2\)$/)
  assert.match(reasons.get('json')!, /process\.json:2\)$/)
  assert.match(reasons.get('py')!, /process\.py:2\)$/)
  assert.match(reasons.get('throws')!, /nothing_of_this_name.*process\.py:1\)$/)
  assert.match(reasons.get('quits')!, /exit code 4[^]*bye/)
  assert.match(reasons.get('two')!, /more than one entry file/)
  assert.equal(reasons.size, 9)
})

test('without Python its processes are unavailable and say so', async () => {
  const root = folderWith({
    'a/process.ts': nodeProcess('a', 'return { value }'),
    'b/process.py': pythonProcess('b', 'return value'),
  })
  const snapshot = await (await discoveryOf({ roots: [root], python: 'no-such-python' })).rescan()
  assert.deepEqual(ids(snapshot), ['a'])
  assert.match(snapshot.unavailable[0]!.reason, /cannot start no-such-python/)
})

function ids({ processes }: Snapshot) {
  return processes.map(({ declaration }) => declaration.id).toSorted()
}

function next(discovery: Discovery, wanted: (snapshot: Snapshot) => boolean) {
  return new Promise<Snapshot>((resolve) => {
    const unsubscribe = discovery.onChange((snapshot) => {
      if (!wanted(snapshot)) return
      unsubscribe()
      resolve(snapshot)
    })
  })
}
