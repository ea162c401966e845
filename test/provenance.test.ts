import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { promisify } from 'node:util'
import type { FileDocument } from '@warren/contracts'
import { createHttp } from './support/http.ts'
import { jobsOf } from './support/jobs.ts'
import { startStack } from './support/stack.ts'

type Attributes = Readonly<Record<string, unknown>>
type Prov = Readonly<Record<string, Readonly<Record<string, Attributes>>>>
type Node = Readonly<Record<string, unknown>> & { readonly '@id': string; readonly '@type': string }

const run = promisify(execFile)
const python = '/usr/bin/python3'
const hasProv = spawnSync(python, ['-c', 'import prov']).status === 0
const dir = mkdtempSync(join(tmpdir(), 'warren-provenance-'))
const stack = await startStack({ env: { FILES_DIR: join(dir, 'files') } })
const http = await createHttp(stack.url)
const jobs = jobsOf(http)
after(async () => {
  await stack.close()
  rmSync(dir, { recursive: true, force: true })
})

const content = 'one two three\n'
const digest = createHash('sha256').update(content).digest('hex')
const uploaded = (await http('/files?name=words.txt', { method: 'POST', body: content })).json<FileDocument>()
const counted = await jobs.submit('word-count', { text: 'zero ', file: { href: `/files/${uploaded.id}` } })
const fitted = await jobs.submit('co2-trend', { degree: 1 })
for (const id of [counted, fitted]) assert.equal((await jobs.end(id)).status, 'successful')
const version = (await http('/processes/co2-trend')).json<{ version: string }>().version

it('says what a job used and made, when and where', async () => {
  const prov = await provOf(counted)
  const used = relations(prov, 'used')
  assert.deepEqual(
    used.map(([role, entity]) => [role, entity?.['warren:sha256']]),
    [
      ['text', createHash('sha256').update('"zero "').digest('hex')],
      ['file', digest],
    ],
  )
  assert.deepEqual(used[1]?.[1]?.['prov:location'], { $: `${stack.url}/files/${uploaded.id}`, type: 'xsd:anyURI' })
  const made = relations(prov, 'wasGeneratedBy')
  assert.deepEqual(
    made.map(([role, entity]) => [role, entity?.['warren:sha256']]),
    [
      ['lines', sha256('1')],
      ['words', sha256('4')],
      ['bytes', sha256('19')],
    ],
  )
  const { created: _, ...status } = (await http(`/jobs/${counted}`)).json<{
    created: string
    started: string
    finished: string
    warren: { executor: string }
  }>()
  const [[, activity] = []] = Object.entries(prov['activity'] ?? {})
  assert.deepEqual([activity?.['prov:startTime'], activity?.['prov:endTime']], [status.started, status.finished])
  const associated = Object.values(prov['wasAssociatedWith'] ?? {})
  assert.ok(associated.some((each) => each['prov:agent'] === `executor:${status.warren.executor}`))
})

it('says which version of the process it was, and which file came out', async () => {
  const prov = await provOf(fitted)
  const { digest: ofProcess } = (await http(`/processes/co2-trend/versions`)).json<{
    versions: { digest: string }[]
  }>().versions[0] ?? { digest: '' }
  const plan = Object.entries(prov['entity'] ?? {}).find(([id]) => id.startsWith('process:'))?.[1]
  assert.deepEqual([plan?.['warren:version'], plan?.['warren:sha256']], [version, ofProcess])
  const table = relations(prov, 'wasGeneratedBy').find(([role]) => role === 'table')?.[1]
  const { href } = (await http(`/jobs/${fitted}/results`)).json<{ table: { href: string } }>().table
  assert.deepEqual(table?.['prov:location'], { $: href, type: 'xsd:anyURI' })
  assert.equal(table?.['warren:sha256'], sha256((await http(href)).text))
})

it('is read by the prov package of Python', { skip: !hasProv && 'apt-get install python3-prov' }, async () => {
  const path = join(dir, 'prov.json')
  writeFileSync(path, (await http(`/jobs/${counted}/prov`)).text)
  const script = `
import sys, prov.model as m
d = m.ProvDocument.deserialize(sys.argv[1], format='json')
print(*[len(list(d.get_records(k))) for k in (m.ProvEntity, m.ProvActivity, m.ProvAgent, m.ProvUsage, m.ProvGeneration, m.ProvAssociation)])
d.get_provn()
`
  assert.equal((await run(python, ['-c', script, path])).stdout.trim(), '6 1 2 2 3 2')
  assert.ok(readFileSync(path).length > 0)
})

it('is an RO-Crate with one action, and each thing once', async () => {
  const answer = await http(`/jobs/${fitted}/ro-crate`)
  assert.deepEqual([answer.status, answer.type], [200, 'application/ld+json'])
  const graph = answer.json<{ '@graph': Node[] }>()['@graph']
  const ids = graph.map((node) => node['@id'])
  assert.equal(new Set(ids).size, ids.length)
  const descriptor = graph.find((node) => node['@id'] === 'ro-crate-metadata.json')
  assert.deepEqual(descriptor?.['about'], { '@id': './' })
  const action = graph.find((node) => node['@type'] === 'CreateAction')
  assert.deepEqual(action?.['actionStatus'], { '@id': 'http://schema.org/CompletedActionStatus' })
  const results = action?.['result'] as { '@id': string }[]
  const files = graph.filter((node) => node['@type'] === 'File')
  assert.deepEqual(
    files.map(({ name, encodingFormat }) => [name, encodingFormat]),
    [['table', 'text/csv']],
  )
  assert.ok(results.some((each) => each['@id'] === files[0]?.['@id']))
  // whatever is pointed at is there
  for (const node of graph) {
    for (const each of Object.values(node).flat()) {
      const id = typeof each === 'object' && each !== null && '@id' in each ? String(each['@id']) : undefined
      if (id === undefined || id.startsWith('http://schema.org/') || id.startsWith('https://w3id.org/ro/crate/'))
        continue
      assert.ok(ids.includes(id), `${node['@id']} points at ${id}`)
    }
  }
})

it('is told of a job that came to nothing, and of none that there is not', async () => {
  const id = await jobs.submit('echo', { text: '', fail: 'as asked' })
  await jobs.end(id)
  const prov = await provOf(id)
  assert.equal(Object.values(prov['activity'] ?? {})[0]?.['warren:state'], 'failed')
  assert.equal(prov['wasGeneratedBy'], undefined)
  const crate = (await http(`/jobs/${id}/ro-crate`)).json<{ '@graph': Node[] }>()
  assert.equal(crate['@graph'].find((node) => node['@type'] === 'CreateAction')?.['error'], 'PROCESS_FAILED: as asked')
  for (const what of ['prov', 'ro-crate', 'files', 'files.zip']) {
    assert.equal((await http(`/jobs/nobody/${what}`)).status, 404, what)
  }
})

async function provOf(id: string): Promise<Prov> {
  const answer = await http(`/jobs/${id}/prov`)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<Prov>()
}

/** Role and entity of each relation of a kind. */
function relations(prov: Prov, kind: string): [string, Attributes | undefined][] {
  return Object.values(prov[kind] ?? {}).map((relation) => [
    String(relation['prov:role']),
    prov['entity']?.[String(relation['prov:entity'])],
  ])
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
