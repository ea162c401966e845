import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createClaimer } from './claimer.ts'
import type { Ledger } from './ledger.ts'
import type { Room } from './room.ts'
import type { Claim, ClaimedJob } from './sql/claim-jobs.ts'

const all = new Map([
  ['echo', '1.0.0'],
  ['heat', '1.0.0'],
])
const short = new Map([['echo', '1.0.0']])
const bothRooms: readonly Room[] = [
  { jobs: 1, offers: all },
  { jobs: 15, offers: short },
]

/** A claimer that finds so many jobs one time after the other, and what it looked for. */
function claimerThatFinds(...found: number[]) {
  const claims: [limit: number, offers: readonly string[]][] = []
  let free: readonly Room[] = bothRooms
  const claim = async ({ limit, offers }: Claim): Promise<ClaimedJob[]> => {
    claims.push([limit, [...offers.keys()]])
    const jobs = found.shift() ?? 0
    if (found.length === 0) free = []
    return Array.from({ length: jobs }, () => ({ processId: 'echo' }) as ClaimedJob)
  }
  const claimer = createClaimer({
    ledger: { claim } as Pick<Ledger, 'claim'> as Ledger,
    executorId: 'e',
    mostOfOwner: null,
    log: undefined as never,
    staging: () => [],
    rooms: () => free,
    start: () => {},
    passOn: () => {},
    idle: () => {},
  })
  return { claimer, claims }
}

const forAny = [1, ['echo', 'heat']]
const forShort = [15, ['echo']]
const forShortInOne = [16, ['echo']]

describe('claimer', () => {
  it('looks for any job first, and for a moment only for short ones', async () => {
    const { claimer, claims } = claimerThatFinds(1, 15, 16, 16)
    await claimer.look()
    assert.deepEqual(claims, [forAny, forShort, forShortInOne, forShortInOne])
  })

  it('looks for any job again when there are no more short ones', async () => {
    const { claimer, claims } = claimerThatFinds(1, 15, 3, 0)
    await claimer.look()
    assert.deepEqual(claims, [forAny, forShort, forShortInOne, forAny])
  })

  it('lets nobody wait for long behind short ones', async (t) => {
    let now = 0
    t.mock.method(performance, 'now', () => (now += 11))
    const { claimer, claims } = claimerThatFinds(1, 15, 16, 1, 15)
    await claimer.look()
    assert.deepEqual(claims, [forAny, forShort, forShortInOne, forAny, forShort])
  })
})
