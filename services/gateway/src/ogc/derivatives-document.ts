import { DerivativeKind, DerivativeMode, differentiable, isNative, type ProcessDescription } from '@warren/contracts'
import { z } from 'zod'

/** What `warren.derive` of an execute request can ask for. */
export const DerivativesDocument = z
  .object({
    inputs: z.array(z.string()).meta({ description: 'To derive by' }),
    outputs: z.array(z.string()).meta({ description: 'To derive' }),
    kinds: z.record(DerivativeKind, z.enum(['native', 'derived'])).meta({
      description: 'By code of the author, or by differences or complex steps of runs',
    }),
    modes: z.array(DerivativeMode),
  })
  .meta({ id: 'Derivatives', description: 'Absent if there is nothing to derive' })

/** Undefined where no input or no output is made of numbers. */
export function derivativesDocument(process: ProcessDescription): z.infer<typeof DerivativesDocument> | undefined {
  const { inputs, outputs } = differentiable(process)
  if (inputs.length === 0 || outputs.length === 0) return undefined
  const native = (kind: DerivativeKind): boolean => isNative(kind, process.derivatives)
  const kindOf = (kind: DerivativeKind): 'native' | 'derived' => (native(kind) ? 'native' : 'derived')
  return {
    inputs: [...inputs],
    outputs: [...outputs],
    kinds: { jacobian: kindOf('jacobian'), jvp: kindOf('jvp'), vjp: kindOf('vjp'), hvp: kindOf('hvp') },
    modes: DerivativeMode.options.filter((mode) => {
      if (mode === 'native') return DerivativeKind.options.some(native)
      return mode !== 'complex_step' || process.derivatives?.complexStep !== undefined
    }),
  }
}
