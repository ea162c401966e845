import { setTimeout as wait } from 'node:timers/promises'
import { createClient, type Client } from './client.ts'
import type { Entry, Journal } from './journal.ts'
import type { Random } from './random.ts'

/** What people do meanwhile. */
export interface Load {
  /** Ends what goes on for ever; what was promised, such as a retry until there is an answer, goes on to its end. */
  stop(): Promise<void>
}

const RECENT_MOST = 60
const PROBE_EVERY_MS = 100
const PROBES_MOST = 40
const RETRY_MS = 60_000

/** Starts a bounded number of users, each of which does one thing after another. */
export function startLoad(url: string, journal: Journal, random: Random): Load {
  const stopping = new AbortController()
  const recent: string[] = []
  let tokens = 0
  const users = [
    ...many(2, 'runner', runs),
    ...many(3, 'submitter', submits),
    ...many(2, 'controller', controls),
    ...many(2, 'reader', reads),
    probes(createClient(url, 'probe', journal)),
  ]
  return {
    stop: async () => {
      stopping.abort()
      await Promise.all(users)
    },
  }

  function many(count: number, name: string, act: (client: Client, own: Random) => Promise<void>): Promise<void>[] {
    return Array.from({ length: count }, async (_, n) => {
      const actor = `${name}-${n + 1}`
      const own = random.fork(actor)
      const client = createClient(url, actor, journal)
      while (!stopping.signal.aborted) {
        await act(client, own)
        await rest(own.between(50, 250))
      }
    })
  }

  async function rest(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: stopping.signal }).catch(() => {})
  }

  function remember({ jobId }: Entry): void {
    if (!jobId) return
    recent.push(jobId)
    if (recent.length > RECENT_MOST) recent.shift()
  }

  /** Waits for results, mostly with patience; some runs are long enough to be stored while they go on. */
  async function runs(client: Client, own: Random): Promise<void> {
    const text = `run-${++tokens}`
    const patienceMs = own.chance(0.05) ? 150 : 20_000
    const long = own.chance(0.2)
    const entry = long
      ? await client.run('walk', { text, steps: Math.round(own.between(3, 10)) }, { patienceMs })
      : await client.run('say', { text }, { patienceMs })
    remember(entry)
  }

  /** Leaves a job behind; with a key it asks until it is told that there is one. */
  async function submits(client: Client, own: Random): Promise<void> {
    const text = `job-${++tokens}`
    const inputs = own.chance(0.25) ? { text, steps: Math.round(own.between(6, 40)) } : { text }
    const submit = (key?: string): Promise<Entry> =>
      client.submit('steps' in inputs ? 'walk' : 'say', inputs, key === undefined ? {} : { key })
    if (!own.chance(0.4)) return remember(await submit())
    const until = Date.now() + RETRY_MS
    for (;;) {
      const entry = await submit(`key-${text}`)
      if ((entry.status !== undefined && entry.status < 429) || Date.now() > until) {
        remember(entry)
        // somebody who did not notice the answer asks again
        if (own.chance(0.3)) await submit(`key-${text}`)
        return
      }
      await wait(own.between(100, 500))
    }
  }

  /** Steers a job of somebody's; what it has paused, it resumes. */
  async function controls(client: Client, own: Random): Promise<void> {
    const jobId = recent.length > 0 ? own.pick(recent.slice(-6)) : undefined
    if (!jobId) return
    const draw = own.next()
    if (draw < 0.2) await client.dismiss(jobId)
    else if (draw < 0.35) await client.control(jobId, 'stop')
    else await pauseAndResume(client, own, jobId)
  }

  async function pauseAndResume(client: Client, own: Random, jobId: string): Promise<void> {
    const paused = await client.control(jobId, 'pause')
    if (paused.status !== undefined && paused.status >= 400 && paused.status < 500) return
    await wait(own.between(50, 1_500))
    const until = Date.now() + RETRY_MS
    for (;;) {
      const { status } = await client.control(jobId, 'resume')
      if ((status !== undefined && status < 500) || Date.now() > until) return
      await wait(own.between(100, 500))
    }
  }

  async function reads(client: Client, own: Random): Promise<void> {
    const jobId = recent.length > 0 ? own.pick(recent) : undefined
    if (!jobId) return
    const { state } = await client.status(jobId)
    if (state === 'successful') for (let n = own.chance(0.5) ? 2 : 1; n > 0; n--) await client.results(jobId)
    else if (own.chance(0.1)) await client.attempts(jobId)
  }

  /** Runs that begin at a steady rate, whether answers come or not: so it is seen when the platform serves again. */
  async function probes(client: Client): Promise<void> {
    const open = new Set<Promise<unknown>>()
    while (!stopping.signal.aborted) {
      if (open.size < PROBES_MOST) {
        const probe = client
          .run('say', { text: `probe-${++tokens}` }, { patienceMs: 6_000 })
          .finally(() => open.delete(probe))
        open.add(probe)
      }
      await rest(PROBE_EVERY_MS)
    }
    await Promise.all(open)
  }
}
