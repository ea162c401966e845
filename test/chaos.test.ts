import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { count, histories, recoveryTable, summary } from './chaos/report.ts'
import { runChaos } from './chaos/run.ts'

// Everything is killed, frozen, cut and held up while people work with it, and afterwards the books balance. The long
// version is `npm run chaos`.

interface Run {
  readonly seed: number
  readonly faults: number
  readonly seconds: number
  /** Only faults the description of which has this in it. */
  readonly only?: string
}

const short: Run = { seed: 1, faults: 30, seconds: 42 }
/** Runs that once brought a fault of ours to light. */
const regressions: readonly Run[] = [
  // answers of the database and of the broker are lost: statements whose end nobody knows, runs that come twice
  { seed: 2, faults: 12, seconds: 20, only: 'mute executor' },
]

for (const { seed, faults, seconds, only } of [short, ...regressions]) {
  const kinds = only ? ` like "${only}"` : ''
  it(
    `seed ${seed}: ${faults} faults${kinds}, and nothing is lost, doubled or stuck`,
    { timeout: 300_000 },
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'warren-chaos-'))
      const log: string[] = []
      const outcome = await runChaos({ faults, seed, seconds, only, folder, say: (text) => log.push(text) })
      const { violations, facts, recoveries } = outcome
      for (const text of [...summary(facts), ...recoveryTable(recoveries)]) t.diagnostic(text)
      if (violations.length > 0) {
        t.diagnostic(`logs of the services: ${folder}`)
        for (const text of [...log, ...histories(violations, facts)]) t.diagnostic(text)
      }
      assert.deepEqual(count(violations), { lost: 0, duplicated: 0, stuck: 0, other: 0 })
      rmSync(folder, { recursive: true, force: true })
    },
  )
}
