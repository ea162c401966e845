import { z } from 'zod'
import { Derive } from './derivatives.ts'
import { ProcessId } from './process.ts'

/** OGC API - Processes - Part 1, `subscriber.yaml`: who is told about one job, by an HTTP POST. */
export const Subscriber = z.object({
  successUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Gets the results' }),
  inProgressUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Gets the status document at changes' }),
  failedUri: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'Gets the status document' }),
})
export type Subscriber = z.infer<typeof Subscriber>

/** Names of what jobs are numbered in. */
export const Series = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/)

/** What to run. Further members of an OGC execute request are kept with the job, unread. */
export const ExecuteRequest = z.looseObject({
  processId: ProcessId,
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional().meta({ description: 'All outputs, unless told' }),
  subscriber: Subscriber.optional(),
  warren: z
    .object({
      start: z.boolean().optional().meta({ description: 'false: the job is created, and waits to be started' }),
      timeoutMs: z
        .int()
        .min(1)
        .max(7 * 86_400_000)
        .optional(),
      priority: z.int().min(-100).max(100).optional(),
      keepFiles: z
        .boolean()
        .optional()
        .meta({ description: 'true: every new or changed file of the working directory is stored' }),
      files: z
        .array(z.object({ href: z.string(), name: z.string().regex(/^(?!\.{1,2}$)[^/\\\0]{1,200}$/) }))
        .max(1_000)
        .optional()
        .meta({ description: 'Files that the run finds in its working directory, each by its name' }),
      derive: Derive.optional(),
      series: Series.optional().meta({ description: 'The job gets the next number of this series' }),
    })
    .optional(),
})
