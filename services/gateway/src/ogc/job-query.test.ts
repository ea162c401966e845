import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readJobFilter, readPeriod } from './job-query.ts'

const badQuery = { code: 'BAD_QUERY' }

describe('datetime of a job list', () => {
  it('reads moments and intervals with open ends', () => {
    const a = '2026-11-21T09:00:00.000Z'
    const b = '2026-11-21T10:00:00.000Z'
    assert.deepEqual(readPeriod(['2026-11-21T09:00:00Z']), { createdFrom: a, createdTo: a })
    assert.deepEqual(readPeriod(['2026-11-21T09:00:00Z/2026-11-21T10:00:00Z']), { createdFrom: a, createdTo: b })
    for (const open of ['..', '']) {
      assert.deepEqual(readPeriod([`2026-11-21T09:00:00Z/${open}`]), { createdFrom: a })
      assert.deepEqual(readPeriod([`${open}/2026-11-21T10:00:00Z`]), { createdTo: b })
    }
  })

  it('turns offsets into UTC, also when the plus sign was not escaped', () => {
    const moment = { createdFrom: '2026-11-21T07:00:00.000Z', createdTo: '2026-11-21T07:00:00.000Z' }
    assert.deepEqual(readPeriod(['2026-11-21T09:00:00+02:00']), moment)
    assert.deepEqual(readPeriod(['2026-11-21T09:00:00 02:00']), moment)
  })

  it('refuses what is no interval', () => {
    for (const text of ['..', '../..', '/', 'yesterday', '2026-11-21', '2026-13-01T00:00:00Z', 'a/b/c']) {
      assert.throws(() => readPeriod([text]), badQuery, text)
    }
    assert.throws(() => readPeriod(['2026-11-21T10:00:00Z/2026-11-21T09:00:00Z']), badQuery)
  })
})

describe('filter of a job list', () => {
  it('takes several values as alternatives', () => {
    const query = { processID: ['a', 'b'], status: ['running'], minDuration: ['5', '2'], maxDuration: ['5', '9.5'] }
    assert.deepEqual(readJobFilter(query), {
      limit: 10,
      processIds: ['a', 'b'],
      statuses: ['running'],
      minDuration: 2,
      maxDuration: 9.5,
    })
  })

  it('finds nothing for another type and for what can be no process', () => {
    assert.equal(readJobFilter({ type: ['coverage'] }), undefined)
    assert.equal(readJobFilter({ processID: ['no.such'] }), undefined)
    assert.deepEqual(readJobFilter({ type: ['process'] }), { limit: 10 })
  })

  it('refuses values that do not fit', () => {
    for (const limit of ['0', '10001', '-1', 'x', '1.5', '']) {
      assert.throws(() => readJobFilter({ limit: [limit] }), badQuery, limit)
    }
    assert.throws(() => readJobFilter({ status: ['paused'] }), badQuery)
    assert.throws(() => readJobFilter({ minDuration: ['-1'] }), badQuery)
    assert.throws(() => readJobFilter({ maxDuration: ['Infinity'] }), badQuery)
  })
})
