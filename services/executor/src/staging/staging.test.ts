import assert from 'node:assert/strict'
import { it } from 'node:test'
import { compileGrammar } from '../grammar/grammar.ts'
import { readRequest } from '../grammar/request.ts'
import { fileIdOf } from './link.ts'
import { safeName } from './name.ts'
import { isStaged } from './staging.ts'

const text = { schema: { type: 'string' } }
const file = { schema: { type: 'string', format: 'file' } }
const facts = {
  id: 'p',
  version: '1.0.0',
  title: '',
  description: '',
  digest: '',
  jobControlOptions: ['sync-execute' as const],
}

it('has to do with files only where a grammar or a request says so', () => {
  const plain = compileGrammar({ ...facts, inputs: { a: text }, outputs: { b: text } })
  const takes = compileGrammar({ ...facts, inputs: { a: file, t: text }, outputs: { b: text } })
  const gives = compileGrammar({ ...facts, inputs: { a: text }, outputs: { b: file } })
  const keeps = compileGrammar({ ...facts, inputs: { a: text }, outputs: { b: text }, keepFiles: true })
  const request = (body: object) => readRequest(JSON.stringify({ processId: 'p', ...body }))
  const none = request({ inputs: { t: 'x' } })
  const link = request({ inputs: { a: { href: '/files/x' } } })
  assert.equal(plain.files, undefined)
  assert.deepEqual(
    [plain, takes, gives, keeps].map((grammar) => [isStaged(none, grammar), isStaged(link, grammar)]),
    [
      [false, false],
      [false, true],
      [true, true],
      [true, true],
    ],
  )
  assert.equal(isStaged(request({ warren: { keepFiles: true } }), plain), true)
})

it('checks what is sent for a file', () => {
  const { checkInputs } = compileGrammar({ ...facts, inputs: { a: file }, outputs: {} })
  for (const a of ['content', { href: '/files/x', type: 'text/csv' }]) assert.deepEqual(checkInputs({ a }), [])
  for (const a of [5, {}, { href: 5 }, null]) assert.equal(checkInputs({ a }).length, 1, JSON.stringify(a))
})

it('knows a file of ours by its reference', () => {
  const id = 'V1StGXR8_Z5jdHi6B-myT'
  for (const href of [`/files/${id}`, `file:${id}`, `http://h:1/files/${id}`, `https://h/under/files/${id}?inline`]) {
    assert.equal(fileIdOf(href), id, href)
  }
  for (const href of [
    'file:///etc/hostname',
    `/files/${id}/metadata`,
    '/files/short',
    `/other/${id}`,
    id,
    'nonsense',
  ]) {
    assert.equal(fileIdOf(href), undefined, href)
  }
})

it('gives names that do no harm, each once', () => {
  const taken = new Set<string>()
  assert.deepEqual(
    ['a.csv', '../../a.csv', String.raw`c:\A.CSV`, '..', '', 'x\u0000y', `${'é'.repeat(200)}.txt`].map((name) =>
      safeName(name, taken),
    ),
    ['a.csv', '2-a.csv', '3-A.CSV', 'file', '2-file', 'x_y', `${'é'.repeat(98)}.txt`],
  )
})
