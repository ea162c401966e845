import { z } from 'zod'

/**
 * What can be derived of a process, for outputs `of` and inputs `wrt` (with respect to); values count as flat vectors,
 * matrices row by row. `jacobian`: all of it. `jvp`: the Jacobian times `along`, one vector per output. `vjp`: `sens`
 * times the Jacobian, one vector per input (the gradient of a scalar). `hvp`: the derivative of the `vjp` along `along`.
 */
export const DerivativeKind = z.enum(['jacobian', 'jvp', 'vjp', 'hvp'])
export type DerivativeKind = z.infer<typeof DerivativeKind>

/** How: by the author's own code, or by differences of runs; `auto` takes the author's code where there is some. */
export const DerivativeMode = z.enum(['auto', 'native', 'forward', 'centered', 'complex_step'])
export type DerivativeMode = z.infer<typeof DerivativeMode>

const native = z.literal('native').optional()

/** What the author of a process gives beside its outputs. `complexStep`: the code computes with complex numbers, too. */
export const NativeDerivatives = z.object({
  jacobian: native,
  jvp: native,
  vjp: native,
  hvp: native,
  complexStep: native,
})
export type NativeDerivatives = z.infer<typeof NativeDerivatives>

const Vectors = z.record(z.string(), z.array(z.number()))

/** What to derive beside the outputs. The result has a member more, named by the kind. */
export const Derive = z.object({
  kind: DerivativeKind.optional().meta({ description: '`jacobian` unless told' }),
  of: z.array(z.string()).min(1).optional().meta({ description: 'Outputs; all that are numbers, unless told' }),
  wrt: z.array(z.string()).min(1).optional().meta({ description: 'Inputs; all that are numbers, unless told' }),
  mode: DerivativeMode.optional().meta({ description: '`auto` unless told' }),
  step: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'Relative step of differences; of a complex step, the step' }),
  along: Vectors.optional().meta({ description: 'Direction, by input: for `jvp` and `hvp`' }),
  sens: Vectors.optional().meta({ description: 'Sensitivity, by output: for `vjp` and `hvp`' }),
})
export type Derive = z.infer<typeof Derive>
