import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePrefer, planRun } from './prefer.ts'

describe('Prefer header', () => {
  it('knows respond-async, wait and return, in any order and case', () => {
    assert.deepEqual(parsePrefer('Respond-Async, wait=5'), { respondAsync: true, wait: 5 })
    assert.deepEqual(parsePrefer('return=minimal; foo="bar", wait="3"'), {
      respondAsync: false,
      wait: 3,
      returning: 'minimal',
    })
    assert.deepEqual(parsePrefer(undefined), { respondAsync: false })
  })

  it('ignores what it does not know or cannot read, and all but the first of a name', () => {
    assert.deepEqual(parsePrefer('handling=lenient, wait=soon, return=some, respond-asynchronously'), {
      respondAsync: false,
    })
    assert.deepEqual(parsePrefer('wait=1, wait=2,,respond-async=yes'), { respondAsync: true, wait: 1 })
  })
})

describe('execution mode', () => {
  const syncOnly = ['sync-execute', 'dismiss']
  const asyncOnly = ['async-execute', 'dismiss']
  const both = ['sync-execute', 'async-execute']
  const cells = [
    [syncOnly, undefined, 'sync', 0, []],
    [syncOnly, 'respond-async', 'sync', 0, []],
    [syncOnly, 'respond-async, wait=9', 'sync', 0, []],
    [asyncOnly, undefined, 'async', 0, []],
    [asyncOnly, 'respond-async', 'async', 0, ['respond-async']],
    [asyncOnly, 'respond-async, wait=9', 'async', 0, ['respond-async']],
    [both, undefined, 'sync', 0, []],
    [both, 'respond-async', 'async', 0, ['respond-async']],
    [both, 'respond-async, wait=9', 'async', 9, ['respond-async', 'wait=9']],
    [both, 'wait=9', 'async', 9, ['wait=9']],
    [both, 'respond-async, wait=900', 'async', 60, ['respond-async', 'wait=60']],
    [both, 'respond-async, wait=0', 'async', 0, ['respond-async', 'wait=0']],
  ] as const
  for (const [options, header, mode, waitSeconds, applied] of cells) {
    it(`${options.join('+')} with ${header ?? 'no Prefer'} is ${mode}`, () => {
      assert.deepEqual(planRun(options, parsePrefer(header)), { mode, waitSeconds, applied })
    })
  }
})
