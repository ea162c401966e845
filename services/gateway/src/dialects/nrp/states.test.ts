import assert from 'node:assert/strict'
import { it } from 'node:test'
import { JobState, type Job } from '@warren/contracts'
import { actionTo, isFinalState, stateOf, states, type NrpState } from './states.ts'

// The state machine of the NRP backend, as far as clients drive it: completed and failed come from the simulation.

type Stands = Pick<Job, 'state' | 'desired'>

const jobs: readonly [stands: Stands, state: NrpState][] = [
  [{ state: 'created', desired: 'run' }, 'paused'],
  [{ state: 'queued', desired: 'run' }, 'started'],
  [{ state: 'staging', desired: 'run' }, 'started'],
  [{ state: 'running', desired: 'run' }, 'started'],
  [{ state: 'storing', desired: 'run' }, 'started'],
  [{ state: 'running', desired: 'pause' }, 'paused'],
  [{ state: 'paused', desired: 'pause' }, 'paused'],
  [{ state: 'paused', desired: 'run' }, 'started'],
  [{ state: 'running', desired: 'stop' }, 'started'],
  [{ state: 'paused', desired: 'stop' }, 'paused'],
  [{ state: 'successful', desired: 'run' }, 'completed'],
  [{ state: 'successful', desired: 'stop' }, 'stopped'],
  [{ state: 'failed', desired: 'run' }, 'failed'],
  [{ state: 'failed', desired: 'stop' }, 'failed'],
  [{ state: 'dismissed', desired: 'stop' }, 'stopped'],
]

it('every job is in one of the states', () => {
  for (const [stands, state] of jobs) assert.equal(stateOf(stands), state, JSON.stringify(stands))
  assert.deepEqual(new Set(jobs.map(([{ state }]) => state)), new Set(JobState.options))
})

const edges: readonly [from: NrpState, to: NrpState][] = [
  ['paused', 'started'],
  ['started', 'paused'],
  ['paused', 'stopped'],
  ['started', 'stopped'],
  ['completed', 'stopped'],
]

it('clients can go these ways and no others', () => {
  for (const [stands, from] of jobs) {
    for (const to of states) {
      const exists = edges.some(([before, after]) => before === from && after === to)
      assert.equal(actionTo(to, stands) !== undefined, exists, `${from} → ${to}`)
    }
    if (isFinalState(from)) assert.ok(states.every((to) => actionTo(to, stands) === undefined))
  }
})

it('what was never started is started, and what rests is resumed', () => {
  assert.equal(actionTo('started', { state: 'created', desired: 'run' }), 'start')
  assert.equal(actionTo('started', { state: 'paused', desired: 'pause' }), 'resume')
})
