import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { startPlatform } from '../support/platform.ts'
import { eventually, isAlive } from '../support/wait.ts'
import { hasMosquitto, listenMqtt, nrpClient, tokensOf, type Heard, type JobOfSimulation } from './nrp/client.ts'

// A frontend of the Neurorobotics Platform finds its backend: routes, states, topics. What the original gets wrong is right.

// others than programs of this machine can ask: so nobody is served without a token
const { stack } = await startPlatform({ env: { HOST: '0.0.0.0' }, slots: 2 })
const [ada = '', bob = ''] = await tokensOf(stack, ['ada', 'bob'])
const owner = nrpClient(stack, ada)
const stranger = nrpClient(stack, bob)
const nobody = nrpClient(stack)
const folder = mkdtempSync(join(tmpdir(), 'warren-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const config = JSON.stringify({
  SimulationTimeout: 5,
  SimulationTimestep: 0.1,
  EngineConfigs: [
    { EngineType: 'datatransfer_grpc_engine', EngineName: 'datatransfer_engine', MQTTBroker: 'localhost:1883' },
    { EngineType: 'pendulum', EngineName: 'pendulum' },
  ],
})
const experiment = (script: string) => ({ 'main_script.py': script, 'simulation_config.json': config })
const loop = (seconds: number, begin = '') => `import os, time
${begin}
while True:
    nrp.run_loop()
    time.sleep(${seconds})
`
const quick = experiment('nrp.run_loop(3)')

interface Row {
  readonly who?: typeof owner
  readonly ask: readonly [method: string, path: string, body?: unknown]
  readonly status: number
  readonly told?: Readonly<Record<string, unknown>>
  readonly until?: string
}

it('answers the transcript of the NRP backend, where it shall, with the same', async () => {
  await owner.store('transcript', experiment(loop(0.02)))
  const create = { experimentID: 'transcript' }
  const state = (wanted: string) => ['PUT', '/simulation/0/state', { state: wanted }] as const
  const rows: readonly Row[] = [
    { who: nobody, ask: ['GET', '/version'], status: 200, told: { backend: '4.0.0', simserver: '4.0.0' } },
    { who: nobody, ask: ['GET', '/simulation'], status: 200, told: [] as never },
    {
      ask: ['POST', '/simulation', {}],
      status: 400,
      told: { message: 'experimentID not given.', type: 'Client error', data: null },
    },
    // intended: one form of errors
    { ask: ['POST', '/simulation', '{"experimentID'], status: 400, told: { type: 'Client error' } },
    { who: nobody, ask: ['POST', '/simulation', create], status: 401 },
    { ask: ['POST', '/simulation', { experimentID: 'none' }], status: 500, told: { type: 'Server Error' } },
    { ask: ['POST', '/simulation', create], status: 201, told: { state: 'paused', simulationID: 0, MQTTPrefix: '' } },
    // intended: another one waits for its turn
    { ask: ['POST', '/simulation', create], status: 201, told: { state: 'paused', simulationID: 1 } },
    { who: nobody, ask: ['GET', '/simulation/0'], status: 401, told: { type: 'User Error' } },
    { who: stranger, ask: ['GET', '/simulation/0'], status: 401 },
    { ask: ['GET', '/simulation/0'], status: 200, told: { experimentID: 'transcript', mainScript: 'main_script.py' } },
    { ask: ['GET', '/simulation/7'], status: 404 },
    { who: nobody, ask: state('started'), status: 401 },
    { who: stranger, ask: state('started'), status: 401 },
    { ask: state('initialized'), status: 400, told: { type: 'Client error' } },
    // intended: it does not destroy the run
    { ask: state('created'), status: 400, told: { type: 'State Transition error' } },
    { ask: state('started'), status: 200, told: { state: 'started' } },
    { ask: state('paused'), status: 200, told: { state: 'paused' } },
    { ask: state('paused'), status: 200, told: { state: 'paused' } },
    { ask: state('started'), status: 200, told: { state: 'started' } },
    { ask: ['GET', '/simulation/0/state'], status: 200, told: { state: 'completed' }, until: 'completed' },
    // intended: a simulation that has completed is in nobody's way
    { ask: ['POST', '/simulation', create], status: 201, told: { simulationID: 2 } },
    { ask: state('stopped'), status: 200, told: { state: 'stopped' } },
    { ask: ['GET', '/simulation/0'], status: 200, told: { state: 'stopped' } },
    { ask: state('started'), status: 400, told: { type: 'State Transition error' } },
    { ask: state('stopped'), status: 400, told: { type: 'State Transition error' } },
    { ask: ['PUT', '/simulation/1/state', { state: 'stopped' }], status: 200, told: { state: 'stopped' } },
    { ask: ['PUT', '/simulation/2/state', { state: 'stopped' }], status: 200, told: { state: 'stopped' } },
    // intended: no page of an error in the server
    { ask: ['DELETE', '/simulation'], status: 405, told: { type: 'Client error' } },
    { who: stranger, ask: ['GET', '/simulation'], status: 200, told: [] as never },
  ]
  for (const { who = owner, ask, status, told = {}, until } of rows) {
    if (until !== undefined) await owner.until(0, until)
    const answer = await who.call(...ask)
    const what = `${JSON.stringify(ask)} ${JSON.stringify(answer)}`
    assert.equal(answer.status, status, what)
    if (Array.isArray(told)) assert.deepEqual(answer.body, told, what)
    for (const [name, value] of Object.entries(told)) assert.deepEqual(answer.body[name], value, what)
    if (status === 201) assert.match(answer.location ?? '', /\/simulation\/\d+$/)
    if (status >= 400) assert.deepEqual(Object.keys(answer.body), ['message', 'type', 'data'])
  }
  const { body } = await owner.call('GET', '/simulation')
  assert.deepEqual(
    (body as unknown as { simulationID: number }[]).map(({ simulationID }) => simulationID),
    [0, 1, 2],
  )
})

it('never loses a start that follows the 201 at once', async () => {
  await owner.store('quick', quick)
  const ids = await Promise.all(
    Array.from({ length: 25 }, async () => {
      const { body } = await owner.call('POST', '/simulation', { experimentID: 'quick' })
      const id = body['simulationID'] as number
      assert.equal((await owner.put(id, 'started')).status, 200)
      return id
    }),
  )
  for (const id of ids) await owner.until(id, 'completed', 90_000)
  assert.equal(new Set(ids).size, ids.length)
})

it('stops a simulation in less than two seconds, also one that is paused, and nobody waits meanwhile', async () => {
  for (const script of [loop(0.01), loop(0.01, 'time.sleep(0)'), 'while True: pass']) {
    const id = await owner.simulate(experiment(script))
    await owner.put(id, 'started')
    await underWay(id)
    assert.equal((await owner.put(id, 'paused')).status, 200)
    const since = performance.now()
    const stopping = owner.put(id, 'stopped')
    const asked = performance.now()
    await owner.state(id)
    assert.ok(performance.now() - asked < 500)
    assert.deepEqual((await stopping).body, { state: 'stopped' })
    assert.ok(performance.now() - since < 2_000, `${performance.now() - since} ms`)
  }
})

it('keeps what a script wrote, and its logs, whatever becomes of it', async () => {
  const write = `open('out.csv', 'w').write('1,2')\nfile_logger.info('hello')\n`
  const given = { 'data/given.txt': 'as it was', 'helper.py': 'steps = 3' }
  const completed = await owner.simulate({
    ...experiment(`${write}import helper\nnrp.run_loop(helper.steps)`),
    ...given,
  })
  await owner.put(completed, 'started')
  await owner.until(completed, 'completed')
  const { results } = await jobOf(completed)
  assert.deepEqual([results['steps'], results['outcome'], results['simulationTime']], [3, 'finished', 0.3])
  const logs = results['logs'] as { href: string }
  const zip = join(folder, 'logs.zip')
  writeFileSync(zip, await owner.get<Buffer>(logs.href))
  const names = execFileSync('python3', ['-m', 'zipfile', '-l', zip], { encoding: 'utf8' })
  assert.match(names, /main_script_[\w-]+\.log/)
  assert.match((await kept(completed)).join(), /out\.csv/)
  assert.doesNotMatch((await kept(completed)).join(), /given\.txt|helper/)

  const stopped = await owner.simulate(experiment(loop(0.01, write)))
  await owner.put(stopped, 'started')
  await underWay(stopped)
  await owner.put(stopped, 'stopped')
  const failed = await owner.simulate(experiment(`${write}nrp.run_loop(1)\nraise ValueError('no')`))
  await owner.put(failed, 'started')
  await owner.until(failed, 'failed')
  for (const id of [stopped, failed]) {
    const paths = (await kept(id)).join()
    assert.match(paths, /out\.csv/)
    assert.match(paths, /main_script_[\w-]+\.log/)
    assert.match(paths, /\d{8}-\d{6}_simulation_[\w-]+\.log\.zip/)
  }
})

it('says of a script that fails where, of a configuration what is wrong, and of a killed process that it was killed', async () => {
  const cases: [files: Record<string, string>, told: Record<string, unknown>][] = [
    [experiment('x = 1\nnrp.run_loop()\nx / 0'), { processCode: 'Runtime', file: 'main_script.py', line: 3 }],
    [experiment('if'), { processCode: 'Compile', file: 'main_script.py', line: 1 }],
    [
      { ...quick, 'simulation_config.json': '{}' },
      { processCode: 'Loading', file: 'simulation_config.json' },
    ],
    [{ 'simulation_config.json': config }, { processCode: 'Loading', file: 'main_script.py' }],
  ]
  for (const [files, told] of cases) {
    const id = await owner.simulate(files)
    await owner.put(id, 'started')
    await owner.until(id, 'failed')
    const { exception } = await jobOf(id)
    for (const [name, value] of Object.entries(told))
      assert.deepEqual(exception?.[name], value, JSON.stringify(exception))
    assert.equal((await owner.put(id, 'stopped')).status, 400)
  }
  const pidFile = join(folder, 'pid')
  const id = await owner.simulate(
    experiment(loop(0.01, `open(${JSON.stringify(pidFile)}, 'w').write(str(os.getpid()))`)),
  )
  await owner.put(id, 'started')
  const pid = await eventually('its process', 10_000, () => Number(readPid(pidFile)) || undefined)
  process.kill(pid, 'SIGKILL')
  await owner.until(id, 'failed', 3_000)
  assert.equal((await jobOf(id)).exception?.['code'], 'PROCESS_CRASHED')
  assert.ok(!isAlive(pid))
})

it(
  'tells MQTT clients the status, the errors, the lifecycle and the data of a simulation, each once',
  { skip: !hasMosquitto && 'there is no mosquitto_sub, or the broker has no MQTT listener' },
  async () => {
    const mqtt = await listenMqtt(stack, 'nrp_simulation/#')
    after(mqtt.stop)
    const id = await owner.simulate(experiment(loop(0.06)))
    const told = (topic: string): Heard['payload'][] =>
      mqtt
        .heard()
        .filter((heard) => heard.topic === `nrp_simulation/${id}/${topic}`)
        .map(({ payload }) => payload)
    const times = () => told('status').filter(({ state }) => state !== undefined)

    await eventually('paused', 5_000, () => times()[0]?.['state'] === 'paused')
    await owner.put(id, 'started')
    await eventually('time that passes', 10_000, () => Number(times().at(-1)?.['simulationTime']) > 1)
    await owner.put(id, 'paused')
    await eventually('paused', 5_000, () => times().at(-1)?.['state'] === 'paused')
    await owner.put(id, 'started')
    await eventually('completed', 20_000, () => times().at(-1)?.['state'] === 'completed')
    assert.equal(await owner.state(id), 'completed', 'what is told is so')
    await owner.put(id, 'stopped')
    await eventually('the end', 5_000, () => told('status').some(({ progress }) => done(progress)))

    const seen = told('status').map(({ state, progress }) => state ?? (done(progress) ? 'done' : 'begun'))
    assert.deepEqual(
      seen.filter((state, index) => state !== seen[index - 1]),
      ['paused', 'started', 'paused', 'started', 'completed', 'begun', 'stopped', 'done'],
    )
    assert.ok(seen.filter((state) => state === 'started').length >= 3, 'once a second')
    const passed = times().map(({ simulationTime }) => Number(simulationTime))
    assert.deepEqual(
      passed,
      passed.toSorted((a, b) => a - b),
    )
    const completed = times().find(({ state }) => state === 'completed')
    assert.deepEqual([completed?.['simulationTime'], completed?.['simulationTimeLeft']], [5, 0])
    assert.deepEqual(Object.keys(completed ?? {}), ['realTime', 'simulationTime', 'state', 'simulationTimeLeft'])

    assert.deepEqual(
      told('lifecycle').map(({ source_state, event, target_state }) => [source_state, event, target_state]),
      [
        ['created', 'initialized', 'paused'],
        ['paused', 'started', 'started'],
        ['started', 'paused', 'paused'],
        ['paused', 'started', 'started'],
        ['started', 'completed', 'completed'],
        ['completed', 'stopped', 'stopped'],
      ],
    )
    const [error, ...others] = told('runtime_error')
    assert.deepEqual(others, [])
    assert.deepEqual(Object.keys(error ?? {}).toSorted(), runtimeError)
    assert.deepEqual([error?.['sim_id'], error?.['error_type'], error?.['line_number']], [id, 'SimTimeout', 4])
    const [list] = told('data') as unknown as { topic: string; type: string }[][]
    const topic = `nrp_simulation/${id}/data/pendulum::state`
    assert.deepEqual(list?.[0], { topic, type: 'JsonDataPack' })
    assert.ok(told('data/pendulum::state').length > 3)
    assert.ok(Number.isFinite(told('data/pendulum::state').at(-1)?.['angle']))

    const broken = await owner.simulate(experiment('nrp.run_loop(1)\n1 / 0'))
    await owner.put(broken, 'started')
    const failure = await eventually('its error', 10_000, () => {
      return mqtt.heard().find((heard) => heard.topic === `nrp_simulation/${broken}/runtime_error`)
    })
    assert.deepEqual([failure.payload['error_type'], failure.payload['line_number']], ['Runtime', 2])
    assert.equal(failure.payload['line_text'], '1 / 0')
  },
)

const runtimeError = ['error_type', 'fileName', 'line_number', 'line_text', 'msg', 'offset', 'sim_id']

function done(progress: unknown): boolean {
  return (progress as { done?: boolean } | undefined)?.done === true
}

interface WithResults extends JobOfSimulation {
  readonly results: Readonly<Record<string, unknown>>
}

async function jobOf(id: number): Promise<WithResults> {
  const job = await owner.jobOf(id)
  const results =
    job.status === 'successful' ? await owner.get<WithResults['results']>(`/jobs/${job.jobID}/results`) : {}
  return { ...job, results }
}

async function kept(id: number): Promise<string[]> {
  const { files } = await owner.get<{ files: { path: string; role: string }[] }>(
    `/jobs/${(await jobOf(id)).jobID}/files`,
  )
  return files.filter(({ role }) => role !== 'input').map(({ path }) => path)
}

async function underWay(id: number): Promise<void> {
  const { jobID } = await jobOf(id)
  await eventually(`simulation ${id} runs`, 10_000, async () => {
    const { warren } = await owner.get<{ warren: { state: string } }>(`/jobs/${jobID}`)
    return warren.state === 'running'
  })
}

function readPid(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
