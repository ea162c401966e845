import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTally, familiesOf } from './tally.ts'

test('a tally is a counter by outcome and a histogram whose buckets hold all below their bound', () => {
  const tally = createTally()
  tally.done(0.5, 'ok') // on a bound
  tally.done(0.6, 'ok')
  tally.done(61_000, 'TIMEOUT')
  const kind = { name: 'warren_run', what: 'Attempts that ended', label: 'process', outcome: 'outcome' }
  const [total, seconds] = familiesOf(
    kind,
    new Map([
      ['echo', tally],
      ['never', createTally()],
    ]),
  )
  assert.deepEqual(total, {
    name: 'warren_runs_total',
    help: 'Attempts that ended, by outcome',
    type: 'counter',
    values: [
      { labels: { process: 'echo', outcome: 'ok' }, value: 2 },
      { labels: { process: 'echo', outcome: 'TIMEOUT' }, value: 1 },
    ],
  })
  assert.equal(seconds?.name, 'warren_run_duration_seconds')
  const at = (le: number | string): number | undefined =>
    seconds?.values.find(({ metricName, labels }) => metricName?.endsWith('_bucket') && labels['le'] === le)?.value
  assert.deepEqual([at(0.0005), at(0.001), at(60), at('+Inf')], [1, 2, 2, 3])
  const rest = seconds?.values.filter(({ metricName }) => !metricName?.endsWith('_bucket'))
  assert.deepEqual(rest, [
    { metricName: 'warren_run_duration_seconds_sum', labels: { process: 'echo' }, value: 61.0011 },
    { metricName: 'warren_run_duration_seconds_count', labels: { process: 'echo' }, value: 3 },
  ])
})
