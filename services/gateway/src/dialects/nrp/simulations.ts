import { WarrenError, type Job } from '@warren/contracts'
import type { Hono } from 'hono'
import { readUntypedJsonObject } from '../../body.ts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { Env, RequestContext } from '../../env.ts'
import { clientError, foreignError, NrpError } from './errors.ts'
import * as simulation from './simulation.ts'
import { isFinalState, stateOf } from './states.ts'

const { asAdmin, KEPT, PROCESS, SERIES } = simulation

const PAGE = 100

/** The list of simulations, a new one, and one. */
export function simulationRoutes(nrp: Hono<Env>, context: Context): void {
  const { executor, config } = context

  nrp.get('/simulation', async (c) => {
    const documents: object[] = []
    for (let after: string | null | undefined; after !== null;) {
      const page = await executor.listJobs({ series: SERIES, limit: PAGE, ...(after && { after }) }, callOptions(c))
      const read = page.jobs.map((job) => simulation.found(simulation.readSimulation(c, context, job)))
      documents.push(...(await Promise.all(read)).filter((document) => document !== undefined))
      after = page.next
    }
    return c.json(documents.toReversed())
  })

  nrp.post('/simulation', async (c) => {
    const { value } = await readUntypedJsonObject(c, config.maxBodyBytes)
    const kept = readNew(value)
    const refusal = c.get('refusal')
    if (refusal) throw refusal
    if (config.nrpStrict && (await isBusy())) throw clientError('Another simulation is under way.', 409)
    const job = await create(c, kept)
    const document = simulation.simulationDocument(job, kept, config.nrpMqttPrefix)
    return c.json(document, 201, { Location: `/nrp/simulation/${simulation.simulationId(job)}` })
  })

  nrp.get('/simulation/:id', async (c) => {
    const job = await simulation.findSimulation(c, context, c.req.param('id'))
    return c.json(await simulation.readSimulation(c, context, job))
  })

  /** Where only one is allowed, no other than the newest ones can be under way. */
  async function isBusy(): Promise<boolean> {
    const { jobs } = await executor.listJobs({ series: SERIES, limit: PAGE }, asAdmin)
    return jobs.some((job) => !isFinalState(stateOf(job)))
  }

  /** @throws NrpError 500 when the experiment cannot be had, as the NRP backend does */
  async function create(c: RequestContext, kept: simulation.Kept): Promise<Job> {
    const body = JSON.stringify({
      processId: PROCESS,
      inputs: {
        experiment: { href: `/folders/${encodeURIComponent(kept.experimentID)}` },
        configuration: kept.experimentConfiguration,
        mainScript: kept.mainScript,
      },
      warren: { series: SERIES, start: false },
      [KEPT]: kept,
    })
    return executor.submit({ body }, callOptions(c)).catch((error: unknown) => {
      if (!(error instanceof WarrenError) || !unfit.has(error.code)) throw error
      throw new NrpError(500, 'Server Error', error.message, foreignError(error).data)
    })
  }
}

const unfit: ReadonlySet<string> = new Set(['BAD_INPUT', 'NOT_FOUND', 'NO_SUCH_FILE', 'NO_SUCH_FOLDER', 'TOO_LARGE'])

/** Other members are passed over: the owner is who asks, and the first state is not for clients to choose. */
function readNew(value: Readonly<Record<string, unknown>>): simulation.Kept {
  const { experimentID, experimentConfiguration = 'simulation_config.json', mainScript = 'main_script.py' } = value
  if (typeof experimentID !== 'string' || experimentID === '') throw clientError('experimentID not given.')
  if (typeof experimentConfiguration !== 'string' || typeof mainScript !== 'string') {
    throw clientError('experimentConfiguration and mainScript must be names of files.')
  }
  return { experimentID, experimentConfiguration, mainScript, ctxId: value['ctxId'] ?? null }
}
