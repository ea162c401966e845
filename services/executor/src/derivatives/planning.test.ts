import type { Derive, NativeDerivatives, ProcessDescription } from '@warren/contracts'
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileGrammar } from '../grammar/grammar.ts'
import type { Ask } from './plan.ts'
import { planDerivation } from './planning.ts'
import { reshape, type Values, type Vectors } from './vectors.ts'

const number = { type: 'number' }
const vector = { type: 'array', items: number }
const pair = { ...vector, minItems: 2, maxItems: 2 }
const matrix = { type: 'array', items: vector }

/** s = sum of t a[i][j]² sin(v_j), w = (t³, v_0 v_1), and what has no derivatives. */
const description: ProcessDescription = {
  id: 'p',
  version: '1.0.0',
  title: '',
  description: '',
  jobControlOptions: ['sync-execute'],
  digest: '',
  inputs: {
    t: { schema: { ...number, default: 2 } },
    v: { schema: pair },
    a: { schema: matrix },
    free: { schema: vector, minOccurs: 0 },
    n: { schema: { type: 'integer', default: 1 } },
    tune: { schema: { ...number, default: 1 }, option: true },
  },
  outputs: { s: { schema: number }, w: { schema: vector }, text: { schema: { type: 'string' } } },
}

interface Given {
  readonly t: number
  readonly v: readonly [number, number]
  readonly a: readonly (readonly [number, number])[]
}

const inputs = { t: 2, v: [0.5, -1.5], a: [[1, 2], [3, 4], [5, 6]], n: 1, tune: 1 } // prettier-ignore
const { t, v, a } = inputs as unknown as Given

function f(given: Given): Values {
  const sum = given.a.flat().reduce((s, x, i) => s + x * x * Math.sin(given.v[i % 2] as number), 0)
  return { s: given.t * sum, w: [given.t ** 3, given.v[0] * given.v[1]], text: 'x' }
}

const sines = [Math.sin(v[0]), Math.sin(v[1])] as const
const exact = {
  s: {
    t: [[(f(inputs as never)['s'] as number) / t]],
    v: [[0, 1].map((j) => t * Math.cos(v[j as 0]) * a.reduce((sum, row) => sum + row[j as 0] ** 2, 0))],
    a: [a.flat().map((x, i) => 2 * t * x * (sines[i % 2] as number))],
  },
  w: { t: [[3 * t * t], [0]], v: [[0, 0], [v[1], v[0]]], a: [[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]] }, // prettier-ignore
}

/** Carries a plan out as an executor does, with the runs in this process. */
function derive(request: Derive, native: NativeDerivatives = {}, answer?: (ask: Ask) => unknown) {
  const grammar = compileGrammar({ ...description, derivatives: native })
  const run = (place: Vectors, ask?: Ask): Values => {
    const given = Object.entries(place).map(([name, flat]) => [name, reshape((inputs as Values)[name], flat)])
    const values = f({ ...inputs, ...Object.fromEntries(given) } as Given)
    return ask ? { ...values, [ask.kind]: answer?.(ask) } : values
  }
  const { plan, at } = planDerivation(request, grammar, inputs)
  const outputs = run(at, plan.ask)
  const probes = plan.probes(outputs)
  const answers = Array.from({ length: probes.count }, (_, index) => {
    const { place, ask } = probes.at(index)
    return run(place, ask)
  })
  return { derivative: plan.assemble(outputs, answers), runs: probes.count }
}

function close(found: unknown, wanted: unknown, tolerance: number, path = ''): void {
  if (typeof wanted === 'number') {
    const difference = Math.abs((found as number) - wanted)
    return assert.ok(
      difference <= tolerance * Math.max(1, Math.abs(wanted)),
      `${path}: ${String(found)}, not ${wanted}`,
    )
  }
  const names = Object.keys(wanted as object)
  assert.deepEqual(Object.keys(found as object), names, path)
  for (const name of names) close((found as Values)[name], (wanted as Values)[name], tolerance, `${path}/${name}`)
}

describe('by differences', () => {
  it('scalars, vectors and matrices, rows by output, columns by input', () => {
    const forward = derive({ mode: 'forward' })
    assert.equal(forward.runs, 9)
    close(forward.derivative, exact, 1e-6)
    const centered = derive({ mode: 'centered' })
    assert.equal(centered.runs, 18)
    close(centered.derivative, exact, 1e-9)
    assert.deepEqual(derive({}).derivative, centered.derivative)
  })

  it('a direction by one run or two', () => {
    const along = { t: [3], v: [1, -2] }
    const { s, w } = exact
    const wanted = {
      s: [3 * s.t[0]![0]! + s.v[0]![0]! - 2 * s.v[0]![1]!],
      w: [3 * w.t[0]![0]!, w.v[1]![0]! - 2 * w.v[1]![1]!],
    }
    const forward = derive({ kind: 'jvp', along, mode: 'forward' })
    assert.equal(forward.runs, 1)
    close(forward.derivative, wanted, 1e-6)
    const centered = derive({ kind: 'jvp', along })
    assert.equal(centered.runs, 2)
    close(centered.derivative, wanted, 1e-9)
    assert.deepEqual(derive({ kind: 'jvp', along: { v: [0, 0] } }).derivative, { s: [0], w: [0, 0] })
  })

  it('sensitivities', () => {
    const sens = { s: [2], w: [0, -1] }
    const { derivative } = derive({ kind: 'vjp', sens, wrt: ['v', 'a'] })
    const { s, w } = exact
    close(derivative, { v: [0, 1].map((j) => 2 * s.v[0]![j]! - w.v[1]![j]!), a: s.a[0]!.map((x) => 2 * x) }, 1e-8)
  })

  it('the action of a Hessian', () => {
    // d²s / dv da · along: 2 t a sin'(v)
    const along = { a: [[1, 0], [0, 0], [0, 2]].flat() } // prettier-ignore
    const wanted = { v: [2 * t * 1 * Math.cos(v[0]), 2 * t * 6 * 2 * Math.cos(v[1])] }
    const request: Derive = { kind: 'hvp', wrt: ['v'], along, sens: { s: [1] } }
    const given = (mode: 'forward' | 'centered') => derive({ ...request, mode })
    const forward = given('forward')
    assert.equal(forward.runs, 5)
    close(forward.derivative, wanted, 1e-3)
    const centered = given('centered')
    assert.equal(centered.runs, 8)
    close(centered.derivative, wanted, 1e-6)
  })

  it('with the step that was asked for, as far as numbers have it', () => {
    const { derivative } = derive({ of: ['w'], wrt: ['t'], mode: 'forward', step: 0.1 })
    close(derivative, { w: { t: [[(2.2 ** 3 - 8) / 0.2], [0]] } }, 1e-12)
    refuses({ mode: 'forward', step: 1e-30 }, '/warren/derive/step')
  })
})

describe('by the author', () => {
  const flatRow = { s: { t: 1, v: [2, 3] }, w: { t: [4, 5], v: [6, 7, 8, 9] } }
  const rows = { s: { t: [[1]], v: [[2, 3]] }, w: { t: [[4], [5]], v: [[6, 7], [8, 9]] } } // prettier-ignore

  it('the Jacobian in whatever nesting, and products with it', () => {
    const native = { jacobian: 'native' } as const
    const wrt = ['t', 'v']
    const found = derive({ wrt }, native, (ask) => (assert.deepEqual(ask.wrt, wrt), flatRow))
    assert.deepEqual(found, { derivative: rows, runs: 0 })
    const jvp = derive({ kind: 'jvp', along: { t: [1], v: [10, 100] } }, native, () => flatRow)
    assert.deepEqual(jvp, { derivative: { s: [321], w: [4 + 760, 5 + 980] }, runs: 0 })
    const vjp = derive({ kind: 'vjp', sens: { s: [1], w: [10, 100] }, wrt }, native, () => flatRow)
    assert.deepEqual(vjp, { derivative: { t: [541], v: [2 + 60 + 800, 3 + 70 + 900] }, runs: 0 })
    assert.throws(() => derive({ wrt }, native, () => ({ s: flatRow.s })), { code: 'BAD_RESULT' })
  })

  it('row by row, and column by column', () => {
    const byRow = derive({ wrt: ['t', 'v'] }, { vjp: 'native' }, ({ of, sens }) => {
      const row = of[0] === 's' ? 0 : 1 + sens!['w']!.indexOf(1)
      return [
        { t: 1, v: [2, 3] },
        { t: 4, v: [6, 7] },
        { t: 5, v: [8, 9] },
      ][row]
    })
    assert.deepEqual(byRow, { derivative: rows, runs: 3 })
    const byColumn = derive({ wrt: ['t', 'v'] }, { jvp: 'native' }, ({ wrt, along }) => {
      const column = wrt[0] === 't' ? 0 : 1 + along!['v']!.indexOf(1)
      return [
        { s: 1, w: [4, 5] },
        { s: 2, w: [6, 8] },
        { s: 3, w: [7, 9] },
      ][column]
    })
    assert.deepEqual(byColumn, { derivative: rows, runs: 3 })
  })

  it('the action of a Hessian by its gradients', () => {
    const request: Derive = { kind: 'hvp', wrt: ['t'], along: { v: [0, 2] }, sens: { s: [1] } }
    let calls = 0
    const gradients = () => ({ t: calls++ === 0 ? 5 : 6 })
    const { derivative, runs } = derive(request, { vjp: 'native', complexStep: 'native' }, gradients)
    assert.equal(runs, 2)
    // v_1 = -1.5 moves by cbrt(eps) 1.5 either way: in multiples of its direction, half of that
    close(derivative, { t: [1 / (1.5 * Number.EPSILON ** (1 / 3))] }, 1e-9)
  })
})

describe('a complex step', () => {
  it('is what auto takes before differences, one run for each column', () => {
    const found = derive({ of: ['s'], wrt: ['v'] }, { complexStep: 'native' }, (ask) => {
      assert.deepEqual([ask.kind, ask.mode], ['jvp', 'complex_step'])
      return { s: ask.along!['v']![0] }
    })
    assert.deepEqual(found, { derivative: { s: { v: [[1, 0]] } }, runs: 2 })
    const one = derive(
      { of: ['s'], kind: 'jvp', along: { v: [1, 2] } },
      { complexStep: 'native' },
      ({ along, step }) => {
        assert.deepEqual([along, step], [{ v: [1, 2] }, 1e-20])
        return { s: 7 }
      },
    )
    assert.deepEqual(one, { derivative: { s: [7] }, runs: 0 })
  })
})

describe('refuses', () => {
  it('names that are none, or cannot be derived', () => {
    refuses({ of: ['s', 'z'] }, '/warren/derive/of/1')
    refuses({ of: ['text'] }, '/warren/derive/of/0')
    refuses({ wrt: ['n', 'nothing', 'free', 'tune'] }, ...[0, 1, 2, 3].map((index) => `/warren/derive/wrt/${index}`))
  })

  it('vectors that are missing, too much, or of the wrong length', () => {
    refuses({ kind: 'jvp' }, '/warren/derive/along')
    refuses({ kind: 'jvp', along: { v: [1], n: [1] } }, '/warren/derive/along/n', '/warren/derive/along/v')
    refuses({ kind: 'jvp', wrt: ['t'], along: { v: [1, 2] } }, '/warren/derive/along/t', '/warren/derive/along/v')
    refuses({ kind: 'vjp', sens: { z: [1] } }, '/warren/derive/sens/z')
    refuses({ kind: 'vjp', of: ['s', 'w'], sens: { s: [1, 2] } }, '/warren/derive/sens/w', '/warren/derive/sens/s')
    refuses({ kind: 'vjp', sens: { w: [1] } }, '/warren/derive/sens/w') // its size is known when it is there
    refuses({ kind: 'hvp', sens: { s: [1] } }, '/warren/derive/along')
  })

  it('modes that the process does not declare', () => {
    refuses({ mode: 'native' }, '/warren/derive/mode')
    refuses({ mode: 'complex_step' }, '/warren/derive/mode')
  })

  it('a kind that is the name of an output', () => {
    const outputs = { ...description.outputs, vjp: { schema: number } }
    const grammar = compileGrammar({ ...description, outputs })
    const asked = (kind: 'vjp' | 'jacobian') => planDerivation({ kind, sens: { s: [1] } }, grammar, inputs)
    assert.throws(() => asked('vjp'), { code: 'BAD_INPUT' })
    assert.equal(asked('jacobian').kind, 'jacobian')
  })
})

function refuses(request: Derive, ...pointers: string[]): void {
  assert.throws(
    () => derive(request),
    (error: { code: string; details: { errors: { pointer: string }[] } }) => {
      assert.equal(error.code, 'BAD_INPUT')
      assert.deepEqual(error.details.errors.map(({ pointer }) => pointer).toSorted(), pointers.toSorted())
      return true
    },
  )
}
