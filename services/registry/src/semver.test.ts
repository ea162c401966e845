import assert from 'node:assert/strict'
import { test } from 'node:test'
import { precedence } from './semver.ts'

test('the order is that of semver.org, section 11', () => {
  const ascending = [
    '0.9.99',
    '1.0.0-0',
    '1.0.0-2',
    '1.0.0-10',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-alpha-1',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1-a',
    '1.0.9',
    '1.0.10',
    '1.2.0',
    '1.10.0',
    '2.0.0',
    '10.0.0-x',
    '10.0.0',
    '123456789012345678901234567890.0.0',
  ]
  const keys = ascending.map(precedence)
  const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(
    sorted.map((key) => ascending[keys.indexOf(key)]),
    ascending,
  )
})

test('build metadata has no part in it', () => {
  assert.equal(precedence('1.0.0+build-7'), precedence('1.0.0'))
  assert.equal(precedence('1.0.0-rc.1+exp.sha'), precedence('1.0.0-rc.1'))
})
