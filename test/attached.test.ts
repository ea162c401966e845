import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Failure } from './support/jobs.ts'
import { startPlatform } from './support/platform.ts'

// Files that a request puts beside its inputs.

const { http, jobs } = await startPlatform({ processes: [join(import.meta.dirname, 'processes')] })

async function store(text: string): Promise<string> {
  const answer = await http('/files', { method: 'POST', body: text, headers: { 'content-type': 'text/plain' } })
  assert.equal(answer.status, 201, answer.text)
  return `/files/${answer.json<{ id: string }>().id}`
}

it('a run finds them in its working directory, each by its name, and the job lists them as inputs', async () => {
  const files = [
    { href: await store('twelve bytes'), name: 'measured.dat' },
    { href: await store('x'), name: 'other name' },
  ]
  for (const name of ['measured.dat', 'other name']) {
    const answer = await jobs.run('Reader', { name }, { warren: { files } })
    assert.equal(answer.status, 200, answer.text)
    assert.match(answer.text, name === 'other name' ? /"size":\s*1\.0/ : /"size":\s*12\.0/)
  }
  const id = await jobs.submit('Reader', { name: 'measured.dat' }, { warren: { files } })
  assert.equal((await jobs.end(id)).status, 'successful')
  const listed = (await http(`/jobs/${id}/files`)).json<{ files: { path: string; role: string }[] }>()
  assert.deepEqual(
    listed.files.map(({ path, role }) => [path, role]),
    [
      ['measured.dat', 'input'],
      ['other name', 'input'],
    ],
  )
})

it('what is not there, a name that is taken, and a name that leads elsewhere are refused', async () => {
  const href = await store('x')
  const refusals: [object, string][] = [
    [{ href: '/files/AAAAAAAAAAAAAAAAAAAAA', name: 'a' }, '/warren/files/1/href'],
    [{ href: 'https://elsewhere.example/x', name: 'a' }, '/warren/files/1/href'],
    [{ href, name: 'first' }, '/warren/files/1/name'],
    [{ href, name: '../up' }, '/warren/files/1/name'],
    [{ href, name: '..' }, '/warren/files/1/name'],
  ]
  for (const [file, pointer] of refusals) {
    const answer = await jobs.run('Reader', {}, { warren: { files: [{ href, name: 'first' }, file] } })
    assert.equal(answer.status, 400, answer.text)
    assert.deepEqual(
      answer.json<Failure & { errors: { pointer: string }[] }>().errors.map((error) => error.pointer),
      [pointer],
    )
  }
})
