import { setTimeout as wait } from 'node:timers/promises'
import { registry, type ProcessDescription } from '@warren/contracts'
import { backoffMs, client } from '@warren/mesh'
import type { Context } from '../context.ts'
import { compileGrammar, type Grammar } from '../grammar/grammar.ts'
import { withOptions } from '../grammar/parametric.ts'
import type { Described } from '../runner/described.ts'
import { createDescribers, type Describers } from '../runner/describers.ts'
import { createDiscovery, type Snapshot, type Unavailable } from '../runner/discovery.ts'
import { openIntake, type Intake } from './intake.ts'

const LEASE_MS = 15_000
const RENEW_MS = 5_000

interface Offer {
  readonly described: Described
  readonly grammar: Grammar
}

/** Follows the folders of processes, announces what is in them to the registry, and serves what the registry accepts. */
export async function openOffers(context: Context): Promise<void> {
  const { config, hosts, service, executorId, pool, grammars, claimer } = context
  const { mesh, log, release, check, signal } = service
  const processes = client(registry, mesh)
  const intakes = new Map<string, Intake>()
  const discovery = createDiscovery({ ...hosts, roots: config.roots })
  const describers = createDescribers(hosts)
  let waitingFor: true | string = 'a first look at its processes'
  let applying = Promise.resolve()
  let announced: Parameters<typeof processes.announce>[0] | undefined
  check('processes', () => waitingFor)
  service.describe(() => ({ slots: pool.slots, free: pool.free(), offers: Object.fromEntries(grammars.offers()) }))
  const renewal = setInterval(() => void renew(), RENEW_MS)
  release('offers', close)
  discovery.onChange((snapshot) => void apply(snapshot))
  await apply(await discovery.start())

  function apply(snapshot: Snapshot): Promise<void> {
    applying = applying
      .then(() => serveAll(snapshot))
      .catch((error: unknown) => log.error({ err: error }, 'offers not applied'))
    return applying
  }

  async function serveAll(snapshot: Snapshot): Promise<void> {
    const { offers, unavailable } = compileAll(snapshot, describers)
    announced = {
      executorId,
      slots: pool.slots,
      leaseMs: LEASE_MS,
      processes: offers.map(({ described }) => describe(described)),
      unavailable: unavailable.map(({ folder, reason }) => ({ folder, reason })),
    }
    for (const { folder, reason } of unavailable) log.warn({ folder, reason }, 'process not available')
    const refused = await announce()
    for (const { id, version, reason } of refused) log.warn({ processId: id, version, reason }, 'process refused')
    const accepted = offers.filter(({ described }) => !refused.some(({ id }) => id === described.declaration.id))
    pool.update(accepted.map(({ described }) => described))
    grammars.setLocal(new Map(accepted.map(({ described, grammar }) => [described.declaration.id, grammar])))
    await serveOnly(new Set(accepted.map(({ described }) => described.declaration.id)))
    waitingFor = true
    void claimer.look()
    log.info({ processes: [...grammars.offers().keys()] }, 'offers processes')
  }

  async function announce(): Promise<{ id: string; version: string; reason: string }[]> {
    for (let failures = 0; ; failures++) {
      try {
        return announced ? (await processes.announce(announced)).refused : []
      } catch (error) {
        if (signal.aborted) throw error
        waitingFor = 'the registry'
        if (failures === 0) log.warn({ err: error }, 'the registry does not answer')
        await wait(backoffMs(failures))
      }
    }
  }

  async function serveOnly(wanted: ReadonlySet<string>): Promise<void> {
    const closing = [...intakes].filter(([processId]) => !wanted.has(processId))
    for (const [processId] of closing) intakes.delete(processId)
    await Promise.all(closing.map(([, intake]) => intake.close()))
    for (const processId of wanted) if (!intakes.has(processId)) intakes.set(processId, openIntake(processId, context))
    await Promise.all([...intakes.values()].map(({ up }) => up))
  }

  async function renew(): Promise<void> {
    try {
      const { known } = await processes.renew({ executorId, leaseMs: LEASE_MS })
      if (!known) await apply(discovery.snapshot())
    } catch (error) {
      log.debug({ err: error }, 'offer not renewed')
    }
  }

  async function close(): Promise<void> {
    clearInterval(renewal)
    await discovery.close()
    await processes.withdraw({ executorId }).catch(() => {})
    await Promise.all([...intakes.values()].map((intake) => intake.close()))
    await describers.close()
  }
}

/** A process whose schemas are none is not available, and says why. */
function compileAll(snapshot: Snapshot, describers: Describers): { offers: Offer[]; unavailable: Unavailable[] } {
  const unavailable = [...snapshot.unavailable]
  const offers = snapshot.processes.flatMap((described) => {
    try {
      const describeWith = async (options: string): Promise<ProcessDescription> =>
        describe({ ...described, declaration: await describers.describe(described, options) })
      return [{ described, grammar: withOptions(compileGrammar(describe(described)), describeWith) }]
    } catch (error) {
      unavailable.push({ folder: described.folder, reason: `${described.declaration.id}: ${(error as Error).message}` })
      return []
    }
  })
  return { offers, unavailable }
}

/** What the registry keeps of a process, with what its author left out. */
function describe({ declaration, digest }: Described): ProcessDescription {
  const jobControlOptions = declaration.jobControlOptions ?? (['sync-execute', 'async-execute', 'dismiss'] as const)
  return { ...structuredClone(declaration), jobControlOptions: [...jobControlOptions], digest } as ProcessDescription
}
