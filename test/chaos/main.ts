import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { quantile } from './recovery.ts'
import { count, histories, recoveryTable, summary } from './report.ts'
import { runChaos } from './run.ts'

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '300' },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
  },
})
const faults = Number(values.faults)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
const seconds = values.seconds === undefined ? faults * 3 : Number(values.seconds)
const folder = mkdtempSync(join(tmpdir(), 'warren-chaos-'))
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

const since = performance.now()
const options = { faults, seed, seconds, only: values.only, folder, say: print, signal: interrupted.signal }
const outcome = await runChaos(options).catch((error: unknown) => {
  if (!interrupted.signal.aborted) throw error
  rmSync(folder, { recursive: true, force: true })
  process.exit(130)
})
const { violations, facts, done, reassigned } = outcome
for (const text of [...summary(facts), '', ...recoveryTable(outcome.recoveries), '']) print(text)
if (reassigned.length > 0) {
  const figures = [0.5, 0.99].map((q) => (quantile(reassigned, q) / 1_000).toFixed(1))
  print(`killed executor → its job running again: n ${reassigned.length}, p50 ${figures[0]} s, p99 ${figures[1]} s`)
}
for (const text of histories(violations, facts)) print(text)
const { lost, duplicated, stuck, other } = count(violations)
print(
  `seed ${seed}: ${done.length} faults in ${((performance.now() - since) / 1_000).toFixed(0)} s: ` +
    `lost ${lost}, duplicated ${duplicated}, stuck ${stuck}, other violations ${other}`,
)
if (violations.length === 0) rmSync(folder, { recursive: true, force: true })
else print(`logs of the services: ${folder}`)
process.exitCode = violations.length === 0 ? 0 : 1

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
