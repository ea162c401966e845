import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WarrenError, type Job } from '@warren/contracts'
import { createApp } from '../../app.ts'
import { fakeContext, job as anyJob } from '../../support/fake-context.ts'
import { inZurich, PROCESS } from './simulation.ts'

const job: Job = { ...anyJob, processId: PROCESS, series: 'nrp', number: 1, state: 'created' }
const kept = { experimentID: 'e', experimentConfiguration: 'c.json', mainScript: 'm.py', ctxId: null }

type Fakes = Parameters<typeof fakeContext>[0]

async function ask(method: string, path: string, body?: string, fakes: Fakes = {}) {
  const init = { method, ...(body !== undefined && { body, headers: { 'content-type': 'text/plain' } }) }
  const answer = await createApp(fakeContext(fakes)).request(`/nrp${path}`, init)
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> }
}

const withJob = (stands: Partial<Job>, more: NonNullable<Fakes>['executor'] = {}): Fakes => ({
  executor: { findJob: async () => ({ ...job, ...stands }), ...more },
})

describe('errors', () => {
  it('have one form, whatever is wrong', async () => {
    const cases: [method: string, path: string, body: string | undefined, status: number, type: string][] = [
      ['POST', '/simulation', '{}', 400, 'Client error'],
      ['POST', '/simulation', '{"experimentID":', 400, 'Client error'],
      ['POST', '/simulation', '[]', 400, 'Client error'],
      ['POST', '/simulation', '{"experimentID":"e","mainScript":7}', 400, 'Client error'],
      ['GET', '/simulation/x', undefined, 404, 'Client error'],
      ['GET', '/nothing', undefined, 404, 'Client error'],
      ['DELETE', '/simulation', undefined, 405, 'Client error'],
      ['POST', '/simulation/0/state', '{}', 405, 'Client error'],
      ['GET', '/simulation/0', undefined, 503, 'General error'],
    ]
    for (const [method, path, body, status, type] of cases) {
      const answer = await ask(method, path, body)
      assert.deepEqual([answer.status, answer.body['type']], [status, type], `${method} ${path} ${body}`)
      assert.deepEqual(Object.keys(answer.body), ['message', 'type', 'data'])
    }
    assert.equal((await ask('PATCH', '/simulation')).headers.get('allow'), 'GET, POST')
    const preflight = await createApp(fakeContext()).request('/nrp/simulation/0/state', { method: 'OPTIONS' })
    assert.deepEqual([preflight.status, preflight.headers.get('allow')], [204, 'GET, PUT, HEAD, OPTIONS'])
  })

  it('come in their order: whether there is one, whose it is, whether it has ended, what is asked', async () => {
    const put = async (fakes: Fakes, body: string) => {
      const { status, body: told } = await ask('PUT', '/simulation/0/state', body, fakes)
      return [status, told['type']]
    }
    const none = () => Promise.reject(new WarrenError('NO_SUCH_JOB'))
    assert.deepEqual(await put({ executor: { findJob: none } }, 'x'), [404, 'Client error'])
    const others: NonNullable<Fakes>['executor'] = {
      findJob: async (_, options) => (options?.principal === 'gateway' ? job : none()),
    }
    assert.deepEqual(await put({ executor: others }, 'x'), [401, 'User Error'])
    assert.deepEqual(await put(withJob({ state: 'failed' }), 'x'), [400, 'State Transition error'])
    assert.deepEqual(await put(withJob({}), 'x'), [400, 'Client error'])
    assert.deepEqual(await put(withJob({}), '{}'), [400, 'Client error'])
    assert.deepEqual(await put(withJob({}), '{"state":"initialized"}'), [400, 'Client error'])
    assert.deepEqual(await put(withJob({}), '{"state":"created"}'), [400, 'State Transition error'])
    assert.deepEqual(await put(withJob({}), '{"state":"completed"}'), [400, 'State Transition error'])
    const broken = withJob({}, { controlJob: () => Promise.reject(new Error('secret')) })
    assert.deepEqual(await put(broken, '{"state":"started"}'), [500, 'Server Error'])
  })

  it('500 says that an experiment cannot be had', async () => {
    const submit = () => Promise.reject(new WarrenError('NO_SUCH_FOLDER', 'There is no folder "e"'))
    const { status, body } = await ask('POST', '/simulation', '{"experimentID":"e"}', { executor: { submit } })
    assert.deepEqual([status, body['message'], body['type']], [500, 'There is no folder "e"', 'Server Error'])
  })
})

it('a state that was reached by somebody else meanwhile counts', async () => {
  const controlJob = () => Promise.reject(new WarrenError('CONFLICT'))
  const started = withJob({}, { controlJob, getJob: async () => ({ ...job, state: 'queued' }) })
  const answer = await ask('PUT', '/simulation/0/state', '{"state":"started"}', started)
  assert.deepEqual([answer.status, answer.body], [200, { state: 'started' }])
  const not = withJob({}, { controlJob, getJob: async () => job })
  assert.equal((await ask('PUT', '/simulation/0/state', '{"state":"started"}', not)).status, 400)
})

it('a client cannot choose owner and first state', async () => {
  const sent: string[] = []
  const submit = async ({ body }: { body: string }) => (sent.push(body), job)
  const body = JSON.stringify({ experimentID: 'e', owner: 'me', state: 'stopped', private: true, ctxId: 'x' })
  const answer = await ask('POST', '/simulation', body, { executor: { submit } })
  assert.deepEqual([answer.status, answer.headers.get('location')], [201, '/nrp/simulation/0'])
  assert.deepEqual([answer.body['owner'], answer.body['state'], answer.body['ctxId']], ['local', 'paused', 'x'])
  assert.deepEqual(JSON.parse(sent[0] ?? ''), {
    processId: PROCESS,
    inputs: {
      experiment: { href: '/folders/e' },
      configuration: 'simulation_config.json',
      mainScript: 'main_script.py',
    },
    warren: { series: 'nrp', start: false },
    nrp: {
      experimentID: 'e',
      experimentConfiguration: 'simulation_config.json',
      mainScript: 'main_script.py',
      ctxId: 'x',
    },
  })
})

it('where only one is allowed, another is refused until that one is in a final state', async () => {
  const statusWith = async (stands: Partial<Job>) => {
    const executor: NonNullable<Fakes>['executor'] = {
      listJobs: async () => ({ jobs: [{ ...job, ...stands }], next: null }),
      submit: async () => job,
    }
    const fakes = { executor, config: { nrpStrict: true } }
    return (await ask('POST', '/simulation', '{"experimentID":"e"}', fakes)).status
  }
  assert.equal(await statusWith({ state: 'created' }), 409)
  assert.equal(await statusWith({ state: 'running' }), 409)
  assert.equal(await statusWith({ state: 'successful' }), 409)
  assert.equal(await statusWith({ state: 'successful', desired: 'stop' }), 201)
  assert.equal(await statusWith({ state: 'failed' }), 201)
})

it('the document of a simulation has the members of the original', async () => {
  const getRequest = async () => ({ body: JSON.stringify({ nrp: kept }), headers: {} })
  const { body } = await ask('GET', '/simulation/0', undefined, withJob({}, { getRequest }))
  assert.deepEqual(body, {
    state: 'paused',
    simulationID: 0,
    experimentConfiguration: 'c.json',
    mainScript: 'm.py',
    owner: 'local',
    creationDate: '2026-11-21T10:00:00.000+01:00',
    experimentID: 'e',
    ctxId: null,
    MQTTPrefix: '',
  })
  const strange = withJob({}, { getRequest: async () => ({ body: '{"nrp":null}', headers: {} }) })
  assert.equal((await ask('GET', '/simulation/0', undefined, strange)).body['experimentID'], null)
  assert.equal(inZurich('2026-07-01T22:30:05.120Z'), '2026-07-02T00:30:05.120+02:00')
})
