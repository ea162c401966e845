import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Answer } from './support/http.ts'
import type { Failure } from './support/jobs.ts'
import { startPlatform } from './support/platform.ts'
import { eventually } from './support/wait.ts'

// Any execution gives derivatives beside its outputs, however they come about.

const here = import.meta.dirname
const { stack, http, jobs, ledger } = await startPlatform({
  executors: ['executor-a', 'executor-b'],
  processes: [join(here, '../processes'), join(here, 'processes')],
  slots: 2,
})

type Vectors = Record<string, number[]>
type Jacobian = Record<string, Record<string, number[][]>>

interface Derive {
  readonly kind?: 'jacobian' | 'jvp' | 'vjp' | 'hvp'
  readonly of?: readonly string[]
  readonly wrt?: readonly string[]
  readonly mode?: 'auto' | 'native' | 'forward' | 'centered' | 'complex_step'
  readonly step?: number
  readonly along?: Vectors
  readonly sens?: Vectors
}

/** The results with what was asked for; over HTTP objects are wrapped. */
async function run(processId: string, inputs: object, derive: Derive): Promise<Record<string, unknown>> {
  const answer = await jobs.run(processId, inputs, { warren: { derive } })
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}

async function derived<D>(processId: string, inputs: object, derive: Derive): Promise<D> {
  const results = await run(processId, inputs, derive)
  return (results[derive.kind ?? 'jacobian'] as { value: D }).value
}

const jacobian = (processId: string, inputs: object, derive: Derive): Promise<Jacobian> =>
  derived(processId, inputs, derive)
const vectors = (processId: string, inputs: object, derive: Derive): Promise<Vectors> =>
  derived(processId, inputs, derive)

async function refused(processId: string, inputs: object, derive: Derive): Promise<string[]> {
  const answer: Answer = await jobs.run(processId, inputs, { warren: { derive } })
  assert.equal(answer.status, 400, answer.text)
  const { code, errors = [] } = answer.json<Failure>()
  assert.equal(code, 'BAD_INPUT')
  return errors.map(({ pointer }) => pointer)
}

/** Every number, with a relative tolerance for those over 1. */
function close(found: unknown, wanted: unknown, tolerance: number, path = ''): void {
  if (typeof wanted === 'number') {
    const difference = Math.abs((found as number) - wanted)
    return assert.ok(
      difference <= tolerance * Math.max(1, Math.abs(wanted)),
      `${path}: ${String(found)}, not ${wanted}`,
    )
  }
  assert.deepEqual(Object.keys(found as object), Object.keys(wanted as object), path)
  for (const [name, inner] of Object.entries(wanted as object)) {
    close((found as Record<string, unknown>)[name], inner, tolerance, `${path}/${name}`)
  }
}

const places = {
  Sellar1: { x_1: 1, x_shared: [5, 2], y_2: 12, gamma: 0.2 },
  Sellar2: { x_2: 3, x_shared: [5, 2], y_1: -2 },
  SellarSystem: { x_1: 1, x_2: 2, x_shared: [5, 2], y_1: 3, y_2: 0.5, alpha: 3.16, beta: 24 },
  rosenbrock: { x: [-1.2, 1, 0.3] },
}

describe('all modes agree', () => {
  for (const [id, inputs] of Object.entries(places)) {
    it(`on ${id}`, async () => {
      const native = await jacobian(id, inputs, { mode: 'native' })
      assert.deepEqual(await jacobian(id, inputs, {}), native)
      close(await jacobian(id, inputs, { mode: 'complex_step' }), native, 1e-13)
      close(await jacobian(id, inputs, { mode: 'centered' }), native, 1e-8)
      close(await jacobian(id, inputs, { mode: 'forward' }), native, 1e-5)
    })
  }

  it('in products with a direction and with sensitivities', async () => {
    const inputs = places.SellarSystem
    const along = { x_shared: [1, -2], y_2: [3] }
    const sens = { obj: [2], c_2: [-1] }
    const e = Math.exp(-0.5)
    const wanted = { jvp: { obj: [-2 - 3 * e], c_1: [0], c_2: [3] }, vjp: { y_1: [12], y_2: [-2 * e - 1] } }
    for (const [mode, tolerance] of [
      ['native', 1e-14],
      ['complex_step', 1e-14],
      ['centered', 1e-9],
      ['forward', 1e-6],
    ] as const) {
      close(await vectors('SellarSystem', inputs, { kind: 'jvp', along, mode }), wanted.jvp, tolerance)
      close(
        await vectors('SellarSystem', inputs, { kind: 'vjp', sens, wrt: ['y_1', 'y_2'], mode }),
        wanted.vjp,
        tolerance,
      )
    }
    const gradient = (await jacobian('rosenbrock', places.rosenbrock, {}))['f']!['x']![0]!
    const found = await vectors('rosenbrock', places.rosenbrock, { kind: 'vjp', sens: { f: [0.5] }, mode: 'native' })
    close(found, { x: gradient.map((g) => g / 2) }, 1e-15)
  })

  it('in the action of a Hessian', async () => {
    const request: Derive = { kind: 'hvp', along: { x: [1, -1, 2] }, sens: { f: [2] } }
    const native = await vectors('rosenbrock', places.rosenbrock, { ...request, mode: 'native' })
    for (const [mode, tolerance] of [
      ['complex_step', 1e-7],
      ['centered', 1e-7],
      ['forward', 1e-5],
    ] as const) {
      close(await vectors('rosenbrock', places.rosenbrock, { ...request, mode }), native, tolerance)
    }
    // no gradient of the author's: second differences
    const square: Derive = { kind: 'hvp', wrt: ['x'], along: { x: [1, 2, 3] }, sens: { y: [1] } }
    const inputs = { x: [1, -2, 30], seconds: 0 }
    close(await vectors('slow-sum', inputs, { ...square, mode: 'centered' }), { x: [2, 4, 6] }, 1e-6)
    close(await vectors('slow-sum', inputs, { ...square, mode: 'forward' }), { x: [2, 4, 6] }, 1e-3)
  })

  it('for a matrix, row by row', async () => {
    const a = [[1, 2], [3, 4]] // prettier-ignore
    const wanted = {
      t: { a: [[2, 6, 4, 8]], k: [[0]] },
      b: { a: [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 2]], k: [[1], [2], [3], [4]] }, // prettier-ignore
    }
    close(await jacobian('trace', { a, k: 2 }, { mode: 'complex_step' }), wanted, 1e-15)
    close(await jacobian('trace', { a, k: 2 }, { mode: 'centered' }), wanted, 1e-9)
    const along = { a: [0, 1, 0, 0] }
    assert.deepEqual(await vectors('trace', { a }, { kind: 'jvp', along }), { t: [6], b: [0, 2, 0, 0] })
  })

  it('where inputs and outputs follow from options', async () => {
    const inputs = { expressions: { y: '2*x**2 + w', z: 'x*w' }, x: 3, w: 5 }
    const native = await jacobian('AnalyticDiscipline', inputs, { mode: 'native', wrt: ['x', 'w'] })
    close(native, { y: { x: [[12]], w: [[1]] }, z: { x: [[5]], w: [[3]] } }, 1e-14)
    close(await jacobian('AnalyticDiscipline', inputs, { mode: 'centered', wrt: ['x', 'w'] }), native, 1e-9)
    const cubic = { degree: 3, names: ['a', 'b', 'c', 'd'], x: 2 }
    close(await jacobian('polynomial', cubic, { wrt: ['x', 'd'] }), { value: { x: [[17]], d: [[8]] } }, 1e-9)
  })
})

describe('an execution that derives', () => {
  it('has the outputs that are wanted, and prints derivatives as floats', async () => {
    const inputs = { x_2: 3, x_shared: [5, 2], y_1: 2 }
    const answer = await jobs.run('Sellar2', inputs, { warren: { derive: { wrt: ['x_shared'], mode: 'native' } } })
    assert.match(answer.text, /"jacobian":\{"value":\{"y_2":\{"x_shared":\[\[1\.0,1\.0\]\]\}\}\}/)
    const only = { outputs: { c_1: {} }, warren: { derive: { of: ['c_2'], wrt: ['beta'] } } }
    const some = (await jobs.run('SellarSystem', places.SellarSystem, only)).json()
    assert.deepEqual(some, { c_1: 3.16 - 9, jacobian: { value: { c_2: { beta: [[-1]] } } } })
    const step = { of: ['y'], wrt: ['x'], mode: 'forward', step: 0.5 } as const
    assert.deepEqual(await jacobian('slow-sum', { x: [1], seconds: 0 }, step), { y: { x: [[2.5]] } })
  })

  it('may give nothing but the derivative', async () => {
    const derive = { of: ['f'], wrt: ['x'], kind: 'jacobian' }
    const answer = await jobs.run('rosenbrock', { x: [1.5, 2] }, { outputs: {}, warren: { derive } })
    assert.equal(answer.text, '{"jacobian":{"value":{"f":{"x":[[151.0,-50.0]]}}}}')
  })

  it('may be asynchronous, and takes its defaults', async () => {
    const id = await jobs.submit('rosenbrock', {}, { warren: { derive: { mode: 'centered' } } })
    const job = await jobs.end(id)
    assert.equal(job.status, 'successful')
    assert.equal(job.progress, 100)
    const results = (await http(`/jobs/${id}/results`)).json<{ f: number; jacobian: { value: Jacobian } }>()
    close(results, { f: 24.2, jacobian: { value: { f: { x: [[-215.6, -88]] } } } }, 1e-8)
  })

  it('is described with the process', async () => {
    const of = async (id: string): Promise<unknown> => {
      return (await http(`/processes/${id}`)).json<{ warren: { derivatives?: unknown } }>().warren.derivatives
    }
    assert.deepEqual(await of('Sellar2'), {
      inputs: ['x_2', 'x_shared', 'y_1'],
      outputs: ['y_2'],
      kinds: { jacobian: 'native', jvp: 'native', vjp: 'native', hvp: 'derived' },
      modes: ['auto', 'native', 'forward', 'centered', 'complex_step'],
    })
    assert.deepEqual(await of('cliff'), {
      inputs: ['x'],
      outputs: ['y'],
      kinds: { jacobian: 'derived', jvp: 'derived', vjp: 'derived', hvp: 'derived' },
      modes: ['auto', 'forward', 'centered'],
    })
    assert.equal(await of('echo'), undefined)
  })

  it('is refused where it does not fit, before anything runs', async () => {
    const inputs = { x: [1, 2] }
    assert.deepEqual(await refused('cliff', inputs, { of: ['z'] }), ['/warren/derive/of/0'])
    assert.deepEqual(await refused('cliff', inputs, { of: ['label'], wrt: ['count'] }), [
      '/warren/derive/of/0',
      '/warren/derive/wrt/0',
    ])
    assert.deepEqual(await refused('cliff', inputs, { mode: 'native' }), ['/warren/derive/mode'])
    assert.deepEqual(await refused('cliff', inputs, { mode: 'complex_step' }), ['/warren/derive/mode'])
    assert.deepEqual(await refused('cliff', inputs, { kind: 'jvp', along: { x: [1] } }), ['/warren/derive/along/x'])
    assert.deepEqual(await refused('cliff', inputs, { kind: 'vjp' }), ['/warren/derive/sens'])
    assert.deepEqual(await refused('Sellar2', places.Sellar2, { kind: 'vjp', sens: { y_2: [1, 2] } }), [
      '/warren/derive/sens/y_2',
    ])
    const answer = await http('/processes/cliff/execution', {
      method: 'POST',
      json: { inputs, warren: { derive: { of: ['z'] } } },
      headers: { prefer: 'respond-async' },
    })
    assert.equal(answer.status, 400)
  })
})

describe('the runs behind a derivative', () => {
  const slow = (count: number, seconds: number) => ({ x: Array.from({ length: count }, (_, i) => i), seconds })
  const columns = { of: ['y'], wrt: ['x'], mode: 'forward' } as const

  it('share all slots: 16 columns of 0.5 s on 2 executors with 2 slots take 2 s and that of the run itself', async (t) => {
    await eventually('a warm runner in each slot', 20_000, async () => {
      await Promise.all(Array.from({ length: 8 }, () => jobs.run('slow-sum', slow(1, 0.2))))
      const rows = await ledger.sql`select distinct executor_id from executor.jobs where process_id = 'slow-sum'`
      return rows.length === 2
    })
    const seconds: number[] = []
    const inputs = slow(16, 0.5)
    for (const start of [sync, async]) {
      const since = performance.now()
      const found = await start(inputs)
      seconds.push((performance.now() - since) / 1_000)
      close(found, { y: { x: [inputs.x.map((x) => 2 * x)] } }, 1e-6)
    }
    t.diagnostic(`${seconds.map((s) => s.toFixed(2)).join(', ')} s`)
    assert.ok(Math.max(...seconds) < 4, `${seconds.join(', ')} s`)

    function sync(given: object): Promise<Jacobian> {
      return jacobian('slow-sum', given, columns)
    }

    async function async(given: object): Promise<Jacobian> {
      const id = await jobs.submit('slow-sum', given, { warren: { derive: columns } })
      await eventually(`the end of ${id}`, 20_000, async () => (await jobs.status(id)).status === 'successful', 10)
      return (await http(`/jobs/${id}/results`)).json<{ jacobian: { value: Jacobian } }>().jacobian.value
    }
  })

  it('fail it with their own error, and say which they were', async () => {
    const answer = await jobs.run('cliff', { x: [4, 1e-9, 1] }, { warren: { derive: { mode: 'centered' } } })
    assert.equal(answer.status, 500)
    const { code, detail, derivativeRun } = answer.json<Failure>()
    assert.equal(code, 'PROCESS_FAILED')
    assert.match(detail, /^The run for x\[1\]: /)
    assert.deepEqual((derivativeRun as { name: string }).name, 'x[1]')
    const vertical = await jobs.run('cliff', { x: [0] }, { warren: { derive: { kind: 'vjp', sens: { y: [1, 2] } } } })
    assert.equal(vertical.json<Failure>().code, 'BAD_INPUT') // two sensitivities, one root
  })

  it('end with it when it is stopped', async () => {
    const id = await jobs.submit('slow-sum', slow(64, 0.3), { warren: { derive: columns } })
    const children = (state: string) => ledger.sql<{ id: string }[]>`
select id from executor.jobs where mode = 'sync' and state = ${state} and created_at > (select created_at from executor.jobs where id = ${id})`
    await eventually('some of its runs', 10_000, async () => (await children('running')).length >= 2)
    const answer = await http(`/jobs/${id}/control`, { method: 'POST', json: { action: 'stop' } })
    assert.equal(answer.status, 200, answer.text)
    assert.equal((await jobs.end(id)).status, 'dismissed')
    await eventually('the end of its runs', 3_000, async () => (await children('running')).length === 0)
    assert.ok((await children('successful')).length < 32)
    assert.ok((await children('dismissed')).length > 0)
  })

  it('end when its time is over', async () => {
    const warren = { derive: columns, timeoutMs: 1_500 }
    const answer = await jobs.run('slow-sum', slow(64, 0.3), { warren })
    assert.deepEqual([answer.status, answer.json<Failure>().code], [504, 'TIMEOUT'])
    await eventually('the end of its runs', 3_000, async () => (await ledger.count({ state: 'running' })) === 0)
  })

  it('go on elsewhere when an executor is lost', async () => {
    const id = await jobs.submit('slow-sum', slow(16, 0.4), { warren: { derive: columns } })
    const names = ['executor-a', 'executor-b'] as const
    const other = await eventually('its runs on the other executor', 10_000, async () => {
      const [row] = await ledger.sql<{ away: string }[]>`
select away.executor_id as away from executor.jobs own
join executor.jobs away on away.mode = 'sync' and away.state = 'running' and away.executor_id <> own.executor_id
where own.id = ${id} limit 1`
      return row && names.find((name) => stack.output(name).includes(row.away))
    })
    await stack.signal(other, 'SIGKILL')
    assert.equal((await jobs.end(id)).status, 'successful')
  })
})
