import { isFinal, WarrenError, type ControlAction, type Job } from '@warren/contracts'
import type { Hono } from 'hono'
import { readUntypedJsonObject } from '../../body.ts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { Env, RequestContext } from '../../env.ts'
import { waitForEnd } from '../../ogc/wait.ts'
import { clientError, NrpError, transitionError } from './errors.ts'
import { findSimulation } from './simulation.ts'
import { actionTo, isFinalState, isState, stateOf, states } from './states.ts'
import { tellClosed } from './topics.ts'

/** A stop is answered when the simulation has ended and its files are kept, or after so long. */
const STOP_MS = 20_000

/** The state of a simulation: read, and changed. */
export function stateRoutes(nrp: Hono<Env>, context: Context): void {
  const { executor, config } = context

  nrp.get('/simulation/:id/state', async (c) => {
    return c.json({ state: stateOf(await findSimulation(c, context, c.req.param('id'))) })
  })

  nrp.put('/simulation/:id/state', async (c) => {
    const job = await findSimulation(c, context, c.req.param('id'))
    const state = stateOf(job)
    if (isFinalState(state)) throw transitionError(`The simulation is ${state} for good.`)
    const { value } = await readUntypedJsonObject(c, config.maxBodyBytes)
    const wanted = value['state']
    if (wanted === undefined) throw clientError('state not given.')
    if (!isState(wanted)) throw clientError(`There is no state ${JSON.stringify(wanted)}, but ${states.join(', ')}.`)
    if (wanted === state) return c.json({ state })
    const action = actionTo(wanted, job)
    if (!action) throw transitionError(`A simulation that is ${state} cannot be ${wanted}.`)
    const now = await act(c, job, action)
    if (action === 'stop' && now && !isFinal(now.state)) {
      throw new NrpError(500, 'Server Error', 'The simulation is being stopped, and has not ended yet.')
    }
    if (!now || (stateOf(now) !== wanted && !isFinal(now.state))) {
      throw transitionError(`The simulation is not ${state} any more.`)
    }
    if (action === 'close') await tellClosed(context, now, callOptions(c))
    return c.json({ state: stateOf(now) })
  })

  /** The job afterwards, also when somebody else was first; undefined when it is not what it was. */
  async function act(c: RequestContext, job: Job, action: ControlAction): Promise<Job | undefined> {
    try {
      const { job: now } = await executor.controlJob({ id: job.id, action }, callOptions(c))
      return action === 'stop' ? await waitForEnd(context, now, STOP_MS, callOptions(c)) : now
    } catch (error) {
      if (!(error instanceof WarrenError) || error.code !== 'CONFLICT') throw error
      const now = await executor.getJob({ id: job.id }, callOptions(c))
      return stateOf(now) === stateOf(job) ? undefined : now
    }
  }
}
