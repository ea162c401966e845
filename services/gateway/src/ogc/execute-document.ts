import { Derive } from '@warren/contracts'
import { z } from 'zod'

export const Limit = z.int().min(1).max(10_000).optional().meta({ description: '10 unless told' })

export function textList(description: string): z.ZodOptional<z.ZodArray<z.ZodString>> {
  return z.array(z.string()).optional().meta({ description })
}

const Output = z.looseObject({
  transmissionMode: z.enum(['value', 'reference']).optional(),
  format: z.looseObject({ mediaType: z.string().optional() }).optional(),
})

/** OGC API - Processes - Part 1, `execute.yaml` (1.0 with `response`), and what Warren adds. */
export const ExecuteDocument = z
  .looseObject({
    inputs: z.record(z.string(), z.unknown()).optional().meta({
      description: 'Input id → value, `{"value": …}` or `{"href": …}`; as the description of the process says',
    }),
    outputs: z.record(z.string(), Output).optional().meta({ description: 'All outputs, unless told' }),
    response: z.enum(['raw', 'document']).optional().meta({ description: '1.0' }),
    warren: z
      .looseObject({
        timeoutMs: z.int().min(1).optional(),
        priority: z.int().min(-100).max(100).optional(),
        derive: Derive.optional(),
        keepFiles: z.boolean().optional().meta({ description: 'Store what the run leaves in its working directory' }),
      })
      .optional(),
  })
  .meta({ id: 'Execute' })

const Scalar = z.union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.null()])
const Qualified = z.object({ value: z.looseObject({}) })
const Reference = z.object({
  href: z.string(),
  rel: z.string().optional(),
  type: z.string().optional(),
  title: z.string().optional().meta({ description: 'Name of the file' }),
})

/** OGC API - Processes - Part 1, `results.yaml`: objects are wrapped. */
export const ResultsDocument = z.record(z.string(), z.union([Scalar, Qualified, Reference])).meta({ id: 'Results' })
