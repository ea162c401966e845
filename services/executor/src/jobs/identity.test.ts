import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orderedId } from '@warren/mesh'
import { jobIdOf } from './identity.ts'

const principal = 'ada'
const isId = /^[\w-]{21}$/

test('a message that is sent again means the same job, and the same words of somebody else another one', () => {
  for (const messageId of [orderedId(), 'run 7', 'my-simulation-run-007']) {
    const id = jobIdOf({ principal, messageId })
    assert.match(id, isId)
    assert.equal(jobIdOf({ principal, messageId }), id)
    assert.notEqual(jobIdOf({ principal: 'bob', messageId }), id)
  }
})

test('a key counts, whatever the message', () => {
  const idempotencyKey = 'k'
  const id = jobIdOf({ principal, idempotencyKey, messageId: orderedId() })
  assert.match(id, isId)
  assert.equal(jobIdOf({ principal, idempotencyKey, messageId: orderedId() }), id)
})

test('later jobs come after earlier ones, as their messages do', () => {
  const ids = [1, 2, 70, 5_000, 1_800_000_000_000].map((ms) => jobIdOf({ principal, messageId: orderedId(ms) }))
  assert.deepEqual(
    ids.toSorted((a, b) => (a < b ? -1 : 1)),
    ids,
  )
  const [one, other] = [jobIdOf({ principal, messageId: '' }), jobIdOf({ principal, messageId: '' })]
  assert.match(one, isId)
  assert.notEqual(one, other)
})
