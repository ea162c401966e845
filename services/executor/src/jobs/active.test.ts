import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createActiveRuns } from './active.ts'

test('a run that somebody stopped is stopped, also when this executor hands its runs back in that moment', () => {
  const active = createActiveRuns()
  const signal = active.begin('a', 1)
  assert.equal(active.reasonOf('a'), 'deadline', 'nobody asked: only the deadline can have ended it')
  assert.equal(active.abort('a', 'stopped'), true)
  assert.equal(active.abort('a', 'handed back'), true)
  assert.ok(signal.aborted)
  assert.equal(active.reasonOf('a'), 'stopped')
})

test('what does not run here cannot be ended here', () => {
  const active = createActiveRuns()
  active.begin('a', 1)
  active.end('a')
  assert.equal(active.abort('a', 'stopped'), false)
})
