import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isFinal } from '@warren/contracts'
import { bindAudit, readAudit, type Told } from './audit.ts'
import { createClient } from './client.ts'
import { openTables, type EventRow, type Facts, type Tables } from './facts.ts'
import { createFaults, type Done } from './faults.ts'
import { createJournal, type Journal } from './journal.ts'
import { balance, type Violation } from './ledger.ts'
import { startLoad } from './load.ts'
import { describe, planFaults } from './plan.ts'
import { createRandom } from './random.ts'
import { reassignments, recoveries, type Recovery } from './recovery.ts'
import { startChaosStack, type ChaosStack } from './stack.ts'
import { startReceiver, wantedEvents, type Receiver } from './webhooks.ts'

export interface ChaosOptions {
  readonly faults: number
  readonly seed: number
  /** In which the faults happen; before and after it the platform starts and heals. */
  readonly seconds: number
  /** Only faults the description of which has this in it. */
  readonly only?: string | undefined
  /** Where the services log. */
  readonly folder: string
  readonly say: (text: string) => void
  readonly signal?: AbortSignal
}

export interface ChaosOutcome {
  readonly violations: readonly Violation[]
  readonly facts: Facts
  readonly done: readonly Done[]
  readonly recoveries: readonly Recovery[]
  /** ms from the kill of an executor until a job of its own was running again */
  readonly reassigned: readonly number[]
}

/** A lease and a period of the reaper, for each of two executors in turn, and the longest job. */
const SETTLE_MS = 90_000
const AUDIT_IDLE_MS = 8_000
const WEBHOOKS_IDLE_MS = 12_000
/** Waits between the tries of a webhook. */
const RETRY_MS = '200,400,800,1600,3000,5000,5000,5000,5000'
const REREAD_MOST = 200

/** Breaks the platform as often as it is told, under load, lets it heal, and compares the books. */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { faults: count, seed, seconds, only, folder, say, signal = new AbortController().signal } = options
  const random = createRandom(seed)
  const journal = createJournal()
  const receiver = await startReceiver(random.fork('receiver'))
  const stack = await startChaosStack(folder, { WEBHOOK_ALLOW: receiver.origin, WEBHOOK_RETRY_MS: RETRY_MS })
  const tables = openTables(stack.database.databaseUrl)
  const violations: Violation[] = []
  try {
    await bindAudit(stack.broker.amqpUrl)
    const hooked = await receiver.subscribe(stack.url)
    say(`seed ${seed}: ${count} faults within ${seconds} s on ${stack.names.join(', ')}; logs in ${folder}`)
    const load = startLoad(stack.url, journal, random.fork('load'))
    const faults = createFaults(stack, random.fork('faults'))
    const since = performance.now()
    for (const fault of planFaults(random.fork('plan'), { count, seconds, only, present: stack.names })) {
      await wait(Math.max(0, fault.atMs - (performance.now() - since)), undefined, { signal })
      say(`${(fault.atMs / 1_000).toFixed(1).padStart(6)} s  ${describe(fault)}`)
      faults.inflict(fault)
    }
    await faults.over()
    await heal(stack)
    await load.stop()
    say('healed; waiting for the last jobs')
    await settle(tables, stack, journal)
    await readAgain(tables, stack, journal)
    for (const text of await slots(stack)) say(text)
    const facts = await collect(tables, stack, journal, faults.done, hooked ? receiver : undefined)
    return {
      violations: [...violations, ...balance(facts), ...deathsOf(stack)],
      facts,
      done: faults.done,
      recoveries: recoveries(faults.done, journal.entries),
      reassigned: reassignments(killsOf(stack, faults.done), facts.attempts, facts.events),
    }
  } finally {
    await tables.close()
    await stack.close()
    await receiver.close()
  }

  async function heal(stack: ChaosStack): Promise<void> {
    await stack
      .ready()
      .catch((error: Error) => violations.push({ rule: 'stuck', what: `the platform: ${error.message}` }))
  }
}

/** What executors say of their slots, should jobs be stuck. */
async function slots({ url }: ChaosStack): Promise<string[]> {
  const answer = await fetch(`${url}/metrics`).catch(() => undefined)
  const lines = ((await answer?.text()) ?? '').split('\n')
  return lines.filter((line) => /^warren_(slots_free|runs_|jobs_queued|jobs_leased)/.test(line))
}

/** Waits for the last jobs; what a user left paused goes on. */
async function settle(tables: Tables, stack: ChaosStack, journal: Journal): Promise<void> {
  const client = createClient(stack.url, 'healer', journal)
  const until = Date.now() + SETTLE_MS
  for (;;) {
    const open = await tables.open()
    if (open.length === 0 || Date.now() > until) return
    for (const { id, desired } of open) if (desired === 'pause') await client.control(id, 'resume')
    await wait(500)
  }
}

/** What was read before is read once more when all is over. */
async function readAgain(tables: Tables, stack: ChaosStack, journal: Journal): Promise<void> {
  const client = createClient(stack.url, 'auditor', journal)
  const read = new Set(
    journal.entries.filter(({ op, status }) => op !== 'run' && status === 200).map(({ jobId }) => jobId),
  )
  const jobs = (await tables.jobs()).filter(({ id }) => read.has(id)).slice(-REREAD_MOST)
  for (const { id, state, attempt } of jobs) {
    await (state === 'successful' ? client.results(id) : client.status(id))
    if (attempt > 1) await client.attempts(id)
  }
}

async function collect(
  tables: Tables,
  stack: ChaosStack,
  journal: Journal,
  done: readonly Done[],
  receiver: Receiver | undefined,
): Promise<Facts> {
  const events = await tables.events()
  const committed = new Set(events.map(({ seq }) => seq))
  const heard = (told: readonly Told[]): boolean => {
    const ids = new Set(told.map(({ id }) => id))
    return [...committed].every((seq) => ids.has(seq))
  }
  const told = await readAudit(stack.broker.amqpUrl, heard, AUDIT_IDLE_MS)
  if (receiver) await allSent(receiver, events)
  return {
    entries: journal.entries,
    jobs: await tables.jobs(),
    events: await tables.events(),
    attempts: await tables.attempts(),
    told,
    webhooks: receiver?.received,
    parked: await tables.parked(),
    runnersKilled: done.filter(({ fault, missed }) => fault.kind === 'kill runner' && !missed).length,
  }
}

/** Waits for the webhooks, as long as some come. */
async function allSent({ received }: Receiver, events: readonly EventRow[]): Promise<void> {
  const wanted = events.filter(({ state, event }) => isFinal(state) && wantedEvents.has(event.slice(3).toLowerCase()))
  for (let before = -1, since = Date.now(); ; await wait(250)) {
    const taken = new Set(received.filter((one) => one.taken).map(({ eventId }) => eventId))
    if (wanted.every(({ seq }) => taken.has(seq))) return
    if (taken.size > before) since = Date.now()
    before = taken.size
    if (Date.now() - since > WEBHOOKS_IDLE_MS) return
  }
}

function deathsOf({ deaths }: ChaosStack): Violation[] {
  return deaths.map(({ name, how, at }) => ({
    rule: 'died',
    what: `${name} ended by itself at ${new Date(at).toISOString()}: ${how}`,
  }))
}

/** Which instance each kill of an executor hit: its log names the instances in their order. */
function killsOf({ folder }: ChaosStack, done: readonly Done[]): { instance: string; at: number }[] {
  const lives = new Map(
    globSync(join(folder, 'executor-*.log')).map((file) => [
      file.slice(file.lastIndexOf('/') + 1, -4),
      instancesIn(file),
    ]),
  )
  return done.flatMap(({ fault, beganAt: at }) => {
    if (fault.kind !== 'kill') return []
    const instance = lives.get(fault.target)?.findLast((life) => life.from < at)?.instance
    return instance === undefined ? [] : [{ instance, at }]
  })
}

function instancesIn(file: string): { instance: string; from: number }[] {
  const first = new Map<string, number>()
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    if (!text.startsWith('{')) continue
    const { instance, time } = JSON.parse(text) as { instance?: string; time?: string }
    if (instance && time && !first.has(instance)) first.set(instance, Date.parse(time))
  }
  return [...first].map(([instance, from]) => ({ instance, from }))
}
