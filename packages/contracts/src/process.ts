import { z } from 'zod'
import { NativeDerivatives } from './derivatives.ts'

/** No dots: an id is a word of a routing key. */
export const ProcessId = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,62}$/, 'a letter, then at most 62 letters, digits, "_" or "-"')
  .meta({ description: 'Id of a process', examples: ['echo'] })

/** https://semver.org, version 2.0.0 */
export const SemVer = z
  .string()
  .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/, 'a semantic version such as 1.2.0')
  .meta({ description: 'Semantic version', examples: ['1.0.0'] })

/** What a job may use. Absent members mean the executor's own limits, which also bound these. */
export const Limits = z.object({
  softTimeoutMs: z.int().min(1).optional().meta({ description: 'After it the run is asked to end, as by a cancel' }),
  memoryBytes: z.int().min(1).optional().meta({ description: 'Resident memory of the whole process group' }),
  outputBytes: z.int().min(1).optional(),
  logBytes: z.int().min(0).optional().meta({ description: 'What is printed beyond it is cut, and the log says so' }),
  silenceMs: z.int().min(1).optional().meta({ description: 'Longest time without log line, progress or metric' }),
})
export type Limits = z.infer<typeof Limits>

/** When a failed attempt is followed by another one. */
export const RetryPolicy = z.object({
  attempts: z.int().min(1).max(100).meta({ description: 'Tries in all' }),
  backoffMs: z.int().min(0).optional().meta({ description: 'Before the second try; 1 s unless told' }),
  factor: z.number().min(1).max(10).optional().meta({ description: 'By which each wait is longer; 2 unless told' }),
  on: z
    .array(z.string())
    .optional()
    .meta({ description: 'Codes that are worth another try; PROCESS_CRASHED unless told' }),
})
export type RetryPolicy = z.infer<typeof RetryPolicy>

export const JobControlOption = z.enum(['sync-execute', 'async-execute', 'dismiss'])

/** JSON Schema 2020-12. */
export const JsonSchema = z
  .union([z.record(z.string(), z.unknown()), z.boolean()])
  .meta({ description: 'JSON Schema 2020-12' })

export const InputDescription = z.object({
  title: z.string().optional(),
  description: z.string().optional(),
  schema: JsonSchema,
  minOccurs: z.int().min(0).optional().meta({ description: '1 unless told; 0 means optional' }),
  maxOccurs: z.union([z.int().min(1), z.literal('unbounded')]).optional(),
  option: z.boolean().optional().meta({
    description: 'It sets the process up, as an argument of a constructor would; else an input like any other',
  }),
})

export const OutputDescription = z.object({
  title: z.string().optional(),
  description: z.string().optional(),
  schema: JsonSchema,
})

/** What a process says of itself: the grammar of its inputs and outputs, and how it may be run. */
export const ProcessDescription = z.object({
  id: ProcessId,
  version: SemVer,
  title: z.string(),
  description: z.string(),
  keywords: z.array(z.string()).optional(),
  inputs: z.record(z.string(), InputDescription),
  outputs: z.record(z.string(), OutputDescription),
  parametric: z
    .boolean()
    .optional()
    .meta({ description: 'Inputs and outputs follow from the options; here they are those of the default options' }),
  jobControlOptions: z.array(JobControlOption).min(1),
  deterministic: z.boolean().optional(),
  concurrency: z.int().min(1).optional(),
  timeoutMs: z.int().min(1).optional(),
  limits: Limits.optional(),
  retry: RetryPolicy.optional(),
  checkpointable: z.boolean().optional(),
  yields: z.boolean().optional().meta({ description: 'It rests at points of its own choice when it is paused' }),
  keepFiles: z
    .boolean()
    .optional()
    .meta({ description: 'What a run leaves in its working directory is stored, also when it fails or is stopped' }),
  derivatives: NativeDerivatives.optional(),
  digest: z.string().meta({ description: 'SHA-256 over the files of the process, in hexadecimal' }),
})
export type ProcessDescription = z.infer<typeof ProcessDescription>

export const ProcessSummary = ProcessDescription.pick({
  id: true,
  version: true,
  title: true,
  description: true,
  keywords: true,
  jobControlOptions: true,
})
export type ProcessSummary = z.infer<typeof ProcessSummary>

export const ProcessRef = z.object({ id: ProcessId, version: SemVer })
