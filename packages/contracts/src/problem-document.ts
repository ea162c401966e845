import { z } from 'zod'
import { catalogue, type Code } from './errors.ts'

/** An RFC 9457 problem as a document describes it; OGC API - Processes calls it an exception. */
export const ProblemDocument = z
  .looseObject({
    type: z.string().meta({ description: 'URI of the kind of problem' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    code: z.enum(Object.keys(catalogue) as [Code, ...Code[]]),
    errors: z
      .array(
        z.object({
          pointer: z.string().meta({ description: 'JSON pointer, RFC 6901' }),
          code: z.string(),
          message: z.string(),
          expected: z.unknown().optional(),
          got: z.unknown().optional(),
        }),
      )
      .optional(),
    retryAfter: z.number().optional().meta({ description: 'Seconds' }),
    supportId: z.string().optional().meta({ description: 'Found again in the log' }),
  })
  .meta({ id: 'Problem' })
