import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderWith, poolOf, problemOf, runOnce, until } from './testing.ts'

// The bundled process `nrp-experiment`: what its scripts may do, and how it counts, rests, ends and fails.

const bundled = fileURLToPath(new URL('../../../../processes/', import.meta.url))
const pool = await poolOf([bundled], { slots: 1 })

const engines = [
  { EngineType: 'datatransfer_grpc_engine', EngineName: 'datatransfer_engine', MQTTBroker: 'localhost:1883' },
  { EngineType: 'pendulum', EngineName: 'pendulum' },
]
const config = (more: object = {}) =>
  JSON.stringify({ SimulationTimeout: 1, SimulationTimestep: 0.1, EngineConfigs: engines, ...more })

type Told = readonly [name: string, data: { readonly [member: string]: unknown }]

/** Runs an experiment in a directory that stays, as the staging of the executor has it. */
function start(script: string, configuration = config(), inputs: object = {}, files: Files = {}) {
  const more = Object.entries(files).map(([path, text]) => [`inputs/experiment/${path}`, text])
  const workdir = folderWith({
    ...(Object.fromEntries(more) as Files),
    'inputs/experiment/main_script.py': script,
    'inputs/experiment/simulation_config.json': configuration,
  })
  const folder = join(workdir, 'inputs/experiment')
  const told: Told[] = []
  const log: string[] = []
  const abort = new AbortController()
  const given = { experiment: folder, configuration: 'simulation_config.json', mainScript: 'main_script.py', ...inputs }
  const hooks = {
    signal: abort.signal,
    onTell: (name: string, data: unknown) => void told.push([name, data as Told[1]]),
    onLog: ({ line }: { line: string }) => void log.push(line),
  }
  const ended = runOnce(pool, 'nrp-experiment', given, hooks, undefined, { workdir, id: `sim-${++count}` })
  return { workdir, folder, told, log, abort, ended, id: `sim-${count}` }
}

type Files = { readonly [path: string]: string }

let count = 0

async function outputs(script: string, configuration?: string, files?: Files) {
  const run = start(script, configuration, {}, files)
  const outcome = await run.ended
  assert.ok(outcome.status === 'successful', JSON.stringify(outcome))
  return { ...run, value: outcome.value }
}

const states = (told: readonly Told[]) =>
  told.filter(([name]) => name === 'status').map(([, { state, simulationTime }]) => [state, simulationTime])
const errors = (told: readonly Told[]) => told.filter(([name]) => name === 'runtime_error').map(([, data]) => data)

test('no step is lost by truncation, and none beyond the timeout is run', async () => {
  for (const [timeout, timestep, steps] of [
    ['0.3', '0.1', 3],
    ['1', '0.3', 3],
    ['0.7', '0.1', 7],
    ['1.1', '1.1', 1],
    ['4.35', '0.01', 435],
    ['0.05', '0.1', 0],
    ['1e2', '1E-1', 1000],
  ] as const) {
    const text = config().replace('"SimulationTimeout":1', `"SimulationTimeout":${timeout}`)
    const { value } = await outputs('while True: nrp.run_loop()', text.replace('step":0.1', `step":${timestep}`))
    assert.deepEqual([value['steps'], value['outcome']], [steps, 'timeout'], `${timeout} / ${timestep}`)
    assert.equal(value['simulationTime'], Number((steps * Number(timestep)).toPrecision(12)))
  }
})

test('a call that would pass the timeout runs none of its steps, and a script may go on after it', async () => {
  const script = `
nrp.run_loop(8)
try:
    nrp.run_loop(3)
except NRPSimulationTimeout as error:
    file_logger.info('over: %s', error)
nrp.run_loop(2)
`
  const { value, told, log } = await outputs(script)
  assert.deepEqual([value['steps'], value['outcome'], value['simulationTime']], [10, 'finished', 1])
  assert.match(log.join('\n'), /over: 3 steps after 8 are more than 10/)
  assert.deepEqual(errors(told), [])
  assert.deepEqual(states(told), [
    ['started', 0],
    ['started', 1],
  ])
})

test('without a timeout the time is over at once, as it is in the original', async () => {
  const text = JSON.stringify({ EngineConfigs: engines })
  const { value, told } = await outputs('nrp.run_loop()', text)
  assert.deepEqual([value['steps'], value['outcome']], [0, 'timeout'])
  const [error] = errors(told)
  assert.deepEqual(
    [error?.['error_type'], error?.['fileName'], error?.['line_number']],
    ['SimTimeout', 'main_script.py', 1],
  )
})

test('the engine follows its equation, at a timestep of its own', async () => {
  const text = config({
    SimulationTimeout: 10,
    EngineConfigs: [engines[0], { ...engines[1], EngineTimestep: 0.004, Angle: 0.01 }],
  })
  const script = `
import json
packs = json.loads(json.dumps(nrp.run_loop(100)))
print('angle', packs['pendulum']['state']['angle'], packs['pendulum']['energy']['total'])
`
  const { log } = await outputs(script, text)
  const [, angle, energy] = log
    .find((line) => line.startsWith('angle'))!
    .split(' ')
    .map(Number)
  // small swings: harmonic, with the frequency sqrt(g / l)
  assert.ok(Math.abs(angle! - 0.01 * Math.cos(Math.sqrt(9.81) * 10)) < 1e-5, String(angle))
  assert.ok(Math.abs(energy! / (9.81 * (1 - Math.cos(0.01))) - 1) < 1e-6)
})

test('the example brakes its pendulum, and what it wrote is kept beside the zipped logs', async () => {
  const workdir = folderWith()
  const experiment = join(bundled, 'nrp-experiment/example')
  const inputs = { experiment, configuration: 'simulation_config.json', mainScript: 'main_script.py' }
  const outcome = await runOnce(pool, 'nrp-experiment', inputs, {}, undefined, { workdir, id: 'example' })
  assert.ok(outcome.status === 'successful', JSON.stringify(outcome))
  const { logs, steps } = outcome.value as { logs: string; steps: number }
  assert.equal(steps, 1000)
  const rows = readFileSync(join(workdir, 'experiment/angles.csv'), 'utf8').trim().split('\n')
  const energy = (row: number) => Number(rows[row]!.split(',')[2])
  assert.ok(energy(1000) < energy(200) / 100, 'a torque against the velocity takes energy out')
  assert.match(logs, /\/\d{8}-\d{6}_simulation_example\.log\.zip$/)
  const names = execFileSync('python3', ['-m', 'zipfile', '-l', logs], { encoding: 'utf8' })
  assert.match(names, /main_script_example\.log/)
  assert.ok(existsSync(join(workdir, 'experiment/main_script_example.log')))
  assert.ok(!existsSync(join(experiment, 'angles.csv')), 'the experiment itself stays as it was')
})

test('a script that fails is failed, with the place', async () => {
  const cases: [script: string, code: string, line: number | undefined, message: RegExp][] = [
    ['x = 1\n\nnrp.run_loop()\nx / 0', 'Runtime', 4, /division by zero/],
    ['import helper\nhelper.go(nrp)', 'Runtime', 2, /no module|No module/],
    ['a = 1\nif a\n  b', 'Compile', 2, /expected/],
    ['nrp.shutdown()', 'Runtime', 1, /only run_loop/],
    ['nrp.run_loop(0)', 'Runtime', 1, /whole number/],
    ['nrp.run_loop(1, {"pendulum": {"force": {}}})', 'Runtime', 1, /motor/],
    ['raise SystemExit("no")', 'Runtime', 1, /no/],
  ]
  for (const [script, code, line, message] of cases) {
    const { told, ended } = start(script)
    const problem = problemOf(await ended)
    const found = script.startsWith('import') ? 1 : line
    assert.deepEqual([problem.code, problem.file, problem.line], [code, 'main_script.py', found], problem.message)
    assert.match(problem.message, message)
    assert.doesNotMatch(problem.traceback ?? '', /process\.py|warren_host/)
    const [error] = errors(told)
    assert.deepEqual([error?.['error_type'], error?.['line_number']], [code, found])
    if (code === 'Runtime') assert.equal((problem as unknown as { simulationTime: number }).simulationTime >= 0, true)
  }
})

test('modules of an experiment are its own', async () => {
  for (const value of [1, 2]) {
    const { log } = await outputs(`import helper\nprint('helper', helper.value)`, config(), {
      'helper.py': `value = ${value}`,
    })
    assert.ok(log.includes(`helper ${value}`))
  }
})

test('everything that is wrong with a configuration is said at once', async () => {
  const wrong = config({
    SimulationTimeout: -1,
    SimulationTimestep: 'fast',
    EngineConfigs: [{ EngineType: 'gazebo_grpc', EngineName: 'a/b' }, { ...engines[1], Length: 0 }, 7],
  })
  const problem = problemOf(await start('', wrong).ended)
  assert.equal(problem.code, 'Loading')
  assert.equal((problem as unknown as { faults: string[] }).faults.length, 7)
  const broken = problemOf(await start('', '{\n"SimulationTimeout": 1,\n}').ended)
  assert.deepEqual([broken.code, broken.file, broken.line], ['Loading', 'simulation_config.json', 3])
  const outside = problemOf(await start('', config(), { mainScript: '../../../etc/passwd' }).ended)
  assert.match(outside.message, /outside/)
})

test('it rests between steps, says so, and goes on to the same end', async () => {
  const run = start(
    'import time\nwhile True:\n    nrp.run_loop()\n    time.sleep(0.02)',
    config({ SimulationTimeout: 5 }),
  )
  await until(() => run.told.length > 0 || undefined)
  assert.equal(await pool.pause(run.id), true)
  const paused = states(run.told).at(-1)
  assert.equal(paused?.[0], 'paused')
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.deepEqual(states(run.told).at(-1), paused)
  pool.resume(run.id)
  const outcome = await run.ended
  assert.ok(outcome.status === 'successful')
  assert.equal(outcome.value['steps'], 50)
  const seen = states(run.told).map(([state]) => state)
  assert.deepEqual(
    seen.filter((state, index) => state !== seen[index - 1]),
    ['started', 'paused', 'started'],
  )
})

test('it is stopped while it rests, and packs its logs', async () => {
  const run = start('while True: nrp.run_loop()', config({ SimulationTimeout: 1_000_000 }))
  await until(() => states(run.told).length > 0 || undefined)
  await pool.pause(run.id)
  const since = performance.now()
  run.abort.abort()
  assert.equal((await run.ended).status, 'cancelled')
  assert.ok(performance.now() - since < 1000)
  assert.equal(states(run.told).at(-1)?.[0], 'stopped')
  assert.deepEqual(
    run.told.map(([name]) => name).filter((name) => name.startsWith('progress')),
    ['progress/begun', 'progress/done'],
  )
  assert.ok(readdirSync(run.workdir).some((name) => name.endsWith('.log.zip')))
})

test('its times are told once a second while it runs, and data packs with them', async () => {
  const run = start(
    'import time\nwhile True:\n    nrp.run_loop()\n    time.sleep(0.05)',
    config({ SimulationTimeout: 5 }),
  )
  await run.ended
  const times = states(run.told).map(([, time]) => Number(time))
  assert.ok(times.length >= 4 && times.length <= 6, `${times.length} in 2.5 s`)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.deepEqual(run.told.find(([name]) => name === 'data')?.[1], [
    { name: 'pendulum::state', type: 'JsonDataPack' },
    { name: 'pendulum::energy', type: 'JsonDataPack' },
  ])
  assert.ok(run.told.filter(([name]) => name === 'data/pendulum::state').length > 5)
})
