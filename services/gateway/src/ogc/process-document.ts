import { JobControlOption, type ProcessDescription, type ProcessSummary } from '@warren/contracts'
import { z } from 'zod'
import { derivativesDocument, DerivativesDocument } from './derivatives-document.ts'
import { jsonLink, Link, rel } from './links.ts'
import { toOgcSchema } from './schema-dialect.ts'

const Schema = z.record(z.string(), z.unknown()).meta({ id: 'OgcSchema', description: 'Schema as in OpenAPI 3.0' })
const Part = z.object({ title: z.string().optional(), description: z.string().optional(), schema: Schema })
const TransmissionMode = z.enum(['value', 'reference'])

export const ProcessSummaryDocument = z
  .object({
    id: z.string(),
    version: z.string(),
    title: z.string(),
    description: z.string(),
    keywords: z.array(z.string()).optional(),
    jobControlOptions: z.array(JobControlOption),
    outputTransmission: z.array(TransmissionMode),
    links: z.array(Link),
  })
  .meta({ id: 'ProcessSummary' })

/** OGC API - Processes - Part 1, `process.yaml`. */
export const ProcessDocument = ProcessSummaryDocument.extend({
  inputs: z.record(
    z.string(),
    Part.extend({ minOccurs: z.int(), maxOccurs: z.union([z.int(), z.literal('unbounded')]) }),
  ),
  outputs: z.record(z.string(), Part),
  warren: z.looseObject({
    offers: z.int().optional().meta({ description: 'Executors that offer it now' }),
    parametric: z.boolean().optional().meta({
      description: 'Inputs and outputs follow from the options; ask `POST …/description` for those of others',
    }),
    derivatives: DerivativesDocument.optional(),
    options: z.array(z.string()).optional().meta({ description: 'Inputs that set the process up' }),
    grammar: z.looseObject({}).meta({ description: 'The schemas as written: JSON Schema 2020-12' }),
  }),
}).meta({ id: 'Process' })

export const ProcessList = z
  .object({ processes: z.array(ProcessSummaryDocument), links: z.array(Link) })
  .meta({ id: 'ProcessList' })

export function summaryDocument(process: ProcessSummary, base: string): z.infer<typeof ProcessSummaryDocument> {
  const { id, version, title, description, keywords, jobControlOptions } = process
  const href = `${base}/processes/${id}`
  return {
    id,
    version,
    title,
    description,
    ...(keywords && { keywords }),
    jobControlOptions,
    outputTransmission: ['value', 'reference'],
    links: [jsonLink('self', href, `Process ${id}`), executeLink(href)],
  }
}

export function processDocument(process: ProcessDescription, base: string): z.infer<typeof ProcessDocument> {
  const { id, inputs, outputs, keywords: _, title: __, description: ___, version: ____, ...extensions } = process
  const { jobControlOptions: _____, derivatives: ______, ...warren } = extensions
  const derivatives = derivativesDocument(process)
  const options = Object.keys(inputs).filter((name) => inputs[name]?.option)
  const summary = summaryDocument(process, base)
  return {
    ...summary,
    inputs: mapValues(inputs, inputDocument),
    outputs: mapValues(outputs, ({ schema, ...part }) => ({ ...withoutUndefined(part), schema: toOgcSchema(schema) })),
    links: [
      ...summary.links,
      jsonLink('up', `${base}/processes`, 'Processes'),
      jsonLink(rel.jobList, `${base}/jobs?processID=${id}`, 'Its jobs'),
      jsonLink('version-history', `${base}/processes/${id}/versions`, 'Its versions'),
    ],
    warren: {
      ...warren,
      ...(options.length > 0 && { options }),
      ...(derivatives && { derivatives }),
      grammar: {
        inputs: mapValues(inputs, ({ schema }) => schema),
        outputs: mapValues(outputs, ({ schema }) => schema),
      },
    },
  }
}

function inputDocument(input: ProcessDescription['inputs'][string]): z.infer<typeof ProcessDocument>['inputs'][string] {
  const { schema, minOccurs = hasDefault(schema) ? 0 : 1, maxOccurs = 1, option: _, ...part } = input
  return { ...withoutUndefined(part), schema: toOgcSchema(schema), minOccurs, maxOccurs }
}

function executeLink(href: string): Link {
  return { ...jsonLink(rel.execute, `${href}/execution`, 'Run it'), method: 'POST' }
}

function hasDefault(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'default' in schema
}

function mapValues<V, W>(object: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
