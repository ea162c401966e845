import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WarrenError } from '@warren/contracts'
import { retryAfterMs } from './retry.ts'

const crash = new WarrenError('PROCESS_CRASHED')

test('only what happens by chance is tried again, unless the process says otherwise', () => {
  const policy = { attempts: 3 }
  assert.ok(retryAfterMs(crash, policy, 0) !== undefined)
  assert.equal(retryAfterMs(new WarrenError('PROCESS_FAILED'), policy, 0), undefined)
  assert.equal(retryAfterMs(crash, undefined, 0), undefined)
  const own = new WarrenError('PROCESS_FAILED', 'no licence is free', { more: { processCode: 'NO_LICENCE' } })
  assert.ok(retryAfterMs(own, { attempts: 2, on: ['NO_LICENCE'] }, 0) !== undefined)
  assert.equal(retryAfterMs(crash, { attempts: 2, on: ['NO_LICENCE'] }, 0), undefined)
})

test('waits grow by the factor, with half to one and a half of each, up to an hour', () => {
  const policy = { attempts: 50, backoffMs: 100, factor: 3 }
  for (const [failures, ms] of [
    [0, 100],
    [1, 300],
    [3, 2_700],
    [40, 3_600_000],
  ] as const) {
    for (let n = 0; n < 20; n++) {
      const wait = retryAfterMs(crash, policy, failures) ?? 0
      assert.ok(wait >= ms / 2 && wait <= ms * 1.5, `${wait} ms after ${failures} failures`)
    }
  }
})

test('the budget counts all attempts', () => {
  assert.ok(retryAfterMs(crash, { attempts: 3 }, 1) !== undefined)
  assert.equal(retryAfterMs(crash, { attempts: 3 }, 2), undefined)
  assert.equal(retryAfterMs(crash, { attempts: 1 }, 0), undefined)
})
