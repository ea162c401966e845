import { rawJson } from '@warren/contracts'
import type { Feature } from './model.ts'
import { readInputs, readVector, readWrt, type Asked } from './request.ts'
import type { Run } from './run.ts'

/** What can be computed of a model: JSON text of the `output`, with the numbers as the run printed them. */
export const features = {
  Evaluate: evaluate,
  Gradient: gradient,
  ApplyJacobian: applyJacobian,
  ApplyHessian: applyHessian,
} as const satisfies Record<Feature, (asked: Asked, run: Run) => Promise<string>>

async function evaluate(asked: Asked, run: Run): Promise<string> {
  const results = new Map(rawJson.members(await run(readInputs(asked))))
  const vectors = asked.model.outputs.map(({ name, isNumber }) => {
    const value = results.get(name) as string
    return isNumber ? `[${value}]` : value
  })
  return `[${vectors.join(',')}]`
}

/** `sens` times the Jacobian of output `outWrt` with respect to input `inWrt`: of the size of that input. */
async function gradient(asked: Asked, run: Run): Promise<string> {
  const inputs = readInputs(asked)
  const of = readWrt(asked, 'outWrt', asked.model.outputs)
  const wrt = readWrt(asked, 'inWrt', asked.model.inputs)
  const sens = readVector('Sensitivity vector sens', asked.body.sens, of.size)
  const results = await run(inputs, { kind: 'vjp', of: [of.name], wrt: [wrt.name], sens: { [of.name]: sens } })
  return derived(results, 'vjp', wrt.name)
}

/** That Jacobian times `vec`: of the size of the output. */
async function applyJacobian(asked: Asked, run: Run): Promise<string> {
  const inputs = readInputs(asked)
  const of = readWrt(asked, 'outWrt', asked.model.outputs)
  const wrt = readWrt(asked, 'inWrt', asked.model.inputs)
  const vec = readVector('Vector vec', asked.body.vec, wrt.size)
  const results = await run(inputs, { kind: 'jvp', of: [of.name], wrt: [wrt.name], along: { [wrt.name]: vec } })
  return derived(results, 'jvp', of.name)
}

/** The derivative of the gradient with respect to `inWrt1`, in the direction `vec` of `inWrt2`: of the size of `inWrt1`. */
async function applyHessian(asked: Asked, run: Run): Promise<string> {
  const inputs = readInputs(asked)
  const of = readWrt(asked, 'outWrt', asked.model.outputs)
  const wrt = readWrt(asked, 'inWrt1', asked.model.inputs)
  const by = readWrt(asked, 'inWrt2', asked.model.inputs)
  const sens = { [of.name]: readVector('Sensitivity vector sens', asked.body.sens, of.size) }
  const along = { [by.name]: readVector('Vector vec', asked.body.vec, by.size) }
  return derived(await run(inputs, { kind: 'hvp', of: [of.name], wrt: [wrt.name], sens, along }), 'hvp', wrt.name)
}

function derived(results: string, kind: 'vjp' | 'jvp' | 'hvp', name: string): string {
  return rawJson.member(rawJson.member(results, kind) as string, name) as string
}
