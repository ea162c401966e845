import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { outputsOf, poolOf, problemOf, runOnce } from './testing.ts'

const processes = new URL('../../../../processes/', import.meta.url)
const pool = await poolOf([fileURLToPath(processes)])

/** Stands in for the mesh. */
async function call(processId: string, inputs: string): Promise<string> {
  const defaults = { Sellar1: { gamma: 0.2 }, Sellar2: {}, SellarSystem: { alpha: 3.16, beta: 24 } }[processId]
  const outcome = await runOnce(pool, processId, { ...defaults, ...(JSON.parse(inputs) as object) })
  assert.ok(outcome.status === 'successful')
  return outcome.outputs
}

test('echo gives back, pauses and fails', async () => {
  assert.deepEqual(await outputsOf(pool, 'echo', { text: 'hé "llo"\n', pause: 0 }), { text: 'hé "llo"\n' })
  const problem = problemOf(await runOnce(pool, 'echo', { text: '', fail: 'as asked' }))
  assert.deepEqual([problem.code, problem.message], ['PROCESS_FAILED', 'as asked'])
  assert.equal(problem.file, fileURLToPath(new URL('echo/process.ts', processes)))
  const started = performance.now()
  await outputsOf(pool, 'echo', { text: '', pause: 1 })
  assert.ok(performance.now() - started >= 1000)
})

test('the Sellar disciplines follow their formulas', async () => {
  const { y_1 } = await outputsOf(pool, 'Sellar1', { x_1: 1, x_shared: [5, 2], y_2: 12, gamma: 0.2 })
  assert.equal(y_1, Math.sqrt(25 + 2 + 1 - 0.2 * 12))
  assert.deepEqual(await outputsOf(pool, 'Sellar2', { x_2: 3, x_shared: [5, 2], y_1: -2 }), { y_2: 6 })
  const inputs = { x_1: 1, x_2: 2, x_shared: [5, 2], y_1: 3, y_2: 0, alpha: 3.16, beta: 24 }
  assert.deepEqual(await outputsOf(pool, 'SellarSystem', inputs), { obj: 17, c_1: 3.16 - 9, c_2: -24 })
})

test('the Sellar Jacobians agree with central differences', async () => {
  type Vary = { [name: string]: number | number[] }
  type Sellar = {
    [name: string]: (inputs: Vary) => { [name: string]: number } & { [name: string]: { [name: string]: number[] } }
  }
  const sellar = (await import(new URL('sellar/sellar.ts', processes).href)) as Sellar
  const at: Vary = { x_1: 1, x_2: 2, x_shared: [5, 2], y_1: -3, y_2: 4, alpha: 3.16, beta: 24, gamma: 0.2 }
  const h = 1e-6
  for (const name of ['sellar1', 'sellar2', 'sellarSystem']) {
    for (const [output, row] of Object.entries(sellar[`${name}Jacobian`]!(at))) {
      for (const [input, derivatives] of Object.entries(row as { [input: string]: number[] })) {
        derivatives.forEach((derivative, index) => {
          const moved = (by: number) => {
            const value = at[input]!
            const shifted = Array.isArray(value) ? value.with(index, value[index]! + by) : value + by
            return sellar[name]!({ ...at, [input]: shifted })[output] as unknown as number
          }
          const difference = (moved(h) - moved(-h)) / (2 * h)
          assert.ok(Math.abs(derivative - difference) < 1e-7, `${name} ${output} by ${input}[${index}]`)
        })
      }
    }
  }
})

test('sellar-mda agrees with a Newton solution of the coupled equations', async () => {
  const residuals: number[] = []
  const inputs = { x_1: 1, x_2: 0, x_shared: [5, 2], tolerance: 1e-12, max_iterations: 100 }
  const onMetric = (_: string, value: number) => void residuals.push(value)
  const outputs = await outputsOf(pool, 'sellar-mda', inputs, { call, onMetric })
  // y_2 = y_1 + 7 for y_1 > 0, hence y_1² + 0.2 y_1 + 1.4 - 28 = 0
  let y = 1
  for (let i = 0; i < 20; i++) y -= (y * y + 0.2 * y - 26.6) / (2 * y + 0.2)
  close(outputs['y_1'], y, 1e-11)
  close(outputs['y_1'], 5.058488, 1e-6)
  close(outputs['y_2'], 12.058488, 1e-6)
  close(outputs['c_1'], 3.16 - 25.588302, 1e-6)
  close(outputs['obj'], 1 + y * y + 2 + Math.exp(-y - 7), 1e-10)
  assert.equal(outputs['iterations'], residuals.length)
  assert.ok(residuals.at(-1)! <= 1e-12)
  assert.equal(
    problemOf(await runOnce(pool, 'sellar-mda', { ...inputs, max_iterations: 2 }, { call })).code,
    'PROCESS_FAILED',
  )
})

test('rosenbrock has its known values', async () => {
  close((await outputsOf(pool, 'rosenbrock', { x: [-1.2, 1] }))['f'], 24.2, 1e-12)
  const outcome = await runOnce(pool, 'rosenbrock', '{"x":[1,1,1,1]}')
  assert.equal(outcome.status === 'successful' && outcome.outputs, '{"f":0.0}')
})

test('co2-trend finds the known trend and season of Mauna Loa', async () => {
  const outputs = await outputsOf(pool, 'co2-trend', { degree: 2, harmonics: 2 })
  const { slope, slope_at_end, amplitude, cycle, fitted, rmse, n } = outputs as { [name: string]: number } & {
    cycle: number[]
    fitted: number[]
  }
  assert.equal(n, 741)
  assert.equal(fitted.length, 741)
  assert.ok(slope! > 1.3 && slope! < 1.8, `${slope}`)
  assert.ok(slope_at_end! > 2 && slope_at_end! < 2.8, `${slope_at_end}`)
  assert.ok(amplitude! > 5.5 && amplitude! < 6.5, `${amplitude}`)
  assert.ok(rmse! < 1, `${rmse}`)
  assert.equal(cycle.indexOf(Math.max(...cycle)), 4, 'May is the highest month')
})

test('co2-trend recovers a made-up series exactly, and says what is wrong with a bad one', async () => {
  const rows = Array.from({ length: 48 }, (_, i) => {
    const [year, month] = [2001 + Math.floor(i / 12), (i % 12) + 1]
    const start = Date.UTC(year, 0, 1)
    const time = year + (Date.UTC(year, month - 1, 1) - start) / (Date.UTC(year + 1, 0, 1) - start)
    return `${year}-${String(month).padStart(2, '0')}-01,${300 + 2 * (time - 2001) + 3 * Math.cos(2 * Math.PI * time)}`
  })
  const outputs = await outputsOf(pool, 'co2-trend', {
    csv: ['Date,CO2', ...rows].join('\r\n'),
    degree: 1,
    harmonics: 1,
  })
  close(outputs['slope'], 2, 1e-9)
  close(outputs['amplitude'], 6, 1e-8)
  close(outputs['rmse'], 0, 1e-9)
  const problem = problemOf(await runOnce(pool, 'co2-trend', { csv: 'a,b\n1,2', degree: 1, harmonics: 1 }))
  assert.match(problem.message, /no column CO2/)
})

test('word-count counts as wc does', async () => {
  const text = 'Über allen Gipfeln\nist Ruh,\n'
  const outputs = await outputsOf(pool, 'word-count', { text })
  assert.deepEqual(outputs, { lines: 2, words: 5, bytes: Buffer.byteLength(text) })
})

test('heat decays as the analytic solution does', async () => {
  const metrics: number[] = []
  const inputs = { points: 51, steps: 2000, diffusivity: 0.5, safety: 0.5 }
  const onMetric = (name: string, value: number) => void (name === 'maximum' && metrics.push(value))
  const outputs = await outputsOf(pool, 'heat', inputs, { onMetric })
  // u(x, t) = exp(-k π² t) sin(π x)
  const decay = Math.exp(-0.5 * Math.PI ** 2 * Number(outputs['time']))
  close(outputs['maximum'], decay, 1e-3 * decay)
  const u = outputs['u'] as number[]
  u.forEach((value, i) => close(value, decay * Math.sin((Math.PI * i) / 50), 1e-3 * decay))
  close(outputs['energy'], decay ** 2 / 2, 2e-3 * decay ** 2)
  assert.ok(metrics.length >= 200 && metrics.every((value, i) => i === 0 || value < metrics[i - 1]!))
})

function close(actual: unknown, expected: number, tolerance: number) {
  assert.ok(Math.abs(Number(actual) - expected) <= tolerance, `${String(actual)} is not ${expected}`)
}
