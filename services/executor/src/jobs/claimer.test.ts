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
  { jobs: 1, of: 'all', offers: all },
  { jobs: 15, of: 'short', offers: short },
]

interface Found {
  /** Jobs that each claim finds, one after the other; then there is no room any more */
  readonly jobs: readonly number[]
  readonly rooms?: readonly Room[]
  readonly isCrowded?: () => boolean
  readonly onClaim?: (claim: number) => void
}

/** A claimer in front of a queue, and what it looked for. */
function claimerThatFinds({ jobs: found, rooms = bothRooms, isCrowded = () => false, onClaim }: Found) {
  const claims: [limit: number, offers: readonly string[]][] = []
  const claim = async ({ limit, offers }: Claim): Promise<ClaimedJob[]> => {
    claims.push([limit, [...offers.keys()]])
    onClaim?.(claims.length)
    return Array.from({ length: found[claims.length - 1] ?? 0 }, () => ({ processId: 'echo' }) as ClaimedJob)
  }
  const claimer = createClaimer({
    ledger: { claim, isCrowded } as Partial<Ledger> as Ledger,
    executorId: 'e',
    mostOfOwner: null,
    log: undefined as never,
    staging: () => [],
    rooms: () => (claims.length < found.length ? rooms : []),
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
    const { claimer, claims } = claimerThatFinds({ jobs: [1, 15, 16, 16] })
    await claimer.look()
    assert.deepEqual(claims, [forAny, forShort, forShortInOne, forShortInOne])
  })

  it('looks for any job again when there are no more short ones', async () => {
    const { claimer, claims } = claimerThatFinds({ jobs: [1, 15, 3, 0] })
    await claimer.look()
    assert.deepEqual(claims, [forAny, forShort, forShortInOne, forAny])
  })

  it('lets nobody wait for long behind short ones', async (t) => {
    let now = 0
    t.mock.method(performance, 'now', () => now)
    const { claimer, claims } = claimerThatFinds({ jobs: [1, 15, 16, 1, 15], onClaim: () => (now += 7) })
    await claimer.look()
    assert.deepEqual(claims, [forAny, forShort, forShortInOne, forAny, forShort])
  })

  it('knows that nothing is left when it looked for any job, and nobody told of another one meanwhile', async () => {
    const [any, short] = bothRooms as [Room, Room]
    const partly = claimerThatFinds({ jobs: [3], rooms: [short] })
    await partly.claimer.look()
    assert.equal(partly.claimer.isExhausted(), false)
    const wholly = claimerThatFinds({ jobs: [0], rooms: [any] })
    assert.equal(wholly.claimer.isExhausted(), false)
    await wholly.claimer.look()
    assert.equal(wholly.claimer.isExhausted(), true)
    const told = claimerThatFinds({ jobs: [0, 0], rooms: [any], onClaim: (n) => n === 1 && void told.claimer.look() })
    await told.claimer.look()
    assert.deepEqual([told.claims.length, told.claimer.isExhausted()], [2, true])
    told.claimer.stop()
    assert.equal(told.claimer.isExhausted(), false)
  })

  it('looks again for whoever tells of a job in the moment in which a look ends', async () => {
    // so many turns of promises a look takes and some more: one of them is that moment
    for (let moment = 0; moment < 20; moment++) {
      const { claimer, claims } = claimerThatFinds({ jobs: [0, 0], rooms: [bothRooms[0] as Room] })
      const first = claimer.look()
      for (let turn = 0; turn < moment; turn++) await Promise.resolve()
      await claimer.look()
      await first
      assert.equal(claims.length, 2, `${moment} turns later`)
    }
  })

  it('lets callers pass: short jobs wait a moment while there is a crowd, and no other job does', async (t) => {
    const crowd = { jobs: [1, 15, 16], isCrowded: () => true }
    const times: number[] = []
    const { claimer } = claimerThatFinds({ ...crowd, onClaim: () => times.push(performance.now()) })
    await claimer.look()
    const [, second = NaN, third = NaN] = times
    assert.ok(third - second >= 25, `${third - second} ms`)
    // time stands still: who waits does so for ever
    t.mock.method(performance, 'now', () => 0)
    const others = claimerThatFinds({ ...crowd, rooms: [bothRooms[0] as Room] })
    await others.claimer.look()
    assert.equal(others.claims.length, 3)
  })
})
