import {
  commonErrors,
  executor,
  parseHttp,
  registry,
  type Operation,
  type ResponseDocument,
  type RouteDocument,
} from '@warren/contracts'
import { z } from 'zod'
import { Conformance } from './conformance.ts'
import { ControlDocument, CreateDocument } from './control.ts'
import { DescriptionRequest } from './description.ts'
import { ExecuteDocument, Limit, ResultsDocument, textList } from './execute-document.ts'
import { LandingPage } from './landing.ts'
import { ProcessDocument, ProcessList } from './process-document.ts'
import { JobList, StatusDocument } from './status-document.ts'

const { describeProcess, execute, submit, getJob, listJobs, getResults, dismissJob, controlJob } = executor.operations
const { listProcesses, getProcess } = registry.operations

const monitor = { Link: 'The job (`rel="monitor"`); values by reference (`rel="item"`)' }
const preferenceApplied = { 'Preference-Applied': 'Which preferences were honoured (RFC 7240)' }
const values: ResponseDocument = {
  description: 'The results; one value by itself when it was asked for raw',
  content: {
    'application/json': z.unknown(),
    'multipart/related': null,
    'text/plain;charset=utf-8': null,
    '*/*': null,
  },
  headers: { ...monitor, ...preferenceApplied },
}
const nothing: ResponseDocument = {
  description: 'Nothing was asked for, or all of it by reference',
  headers: { ...monitor, ...preferenceApplied },
}

const controlled: RouteDocument['responses'] = {
  200: { description: 'It is done', content: { 'application/json': StatusDocument } },
  202: { description: 'The executor of the job has been asked', content: { 'application/json': StatusDocument } },
}

/** The routes whose form OGC API - Processes - Part 1 fixes. */
export const ogcDocuments: readonly RouteDocument[] = [
  page('/', 'getLandingPage', 'Landing page', LandingPage),
  page('/conformance', 'getConformance', 'Conformance classes', Conformance),
  of(listProcesses, {
    parameters: z.object({ limit: Limit, after: z.string().optional() }),
    responses: ok(ProcessList),
  }),
  of(getProcess, {
    parameters: z.object({ id: z.string(), version: z.string().optional() }),
    responses: ok(ProcessDocument),
  }),
  of(describeProcess, {
    parameters: z.object({ processId: z.string() }),
    body: { type: DescriptionRequest, example: { options: { expressions: { y: '2*x**2' } } } },
    responses: ok(ProcessDocument),
  }),
  {
    ...of(execute, {
      parameters: z.object({ processId: z.string() }),
      headers: z.object({
        Prefer: z
          .string()
          .optional()
          .meta({ description: '`respond-async`, `wait=N`, `return=minimal` or `return=representation`' }),
      }),
      body: { type: ExecuteDocument, example: { inputs: { text: 'hi' } } },
      responses: {
        200: values,
        201: {
          description: 'A job was accepted',
          content: { 'application/json': StatusDocument },
          headers: { Location: 'Absolute URL of the job', ...preferenceApplied },
        },
        204: nothing,
      },
    }),
    description: `${execute.description} With \`Prefer: respond-async\` the answer is the job, after at most the seconds of \`wait\`.`,
    errors: [...new Set([...errorsOf(execute), ...errorsOf(submit), ...errorsOf(getJob), ...errorsOf(getResults)])],
  },
  of(listJobs, {
    parameters: z.object({
      processID: textList('Ids of processes'),
      status: z.array(listJobs.input.shape.statuses.unwrap().element).optional(),
      type: textList('Only `process` has jobs'),
      datetime: z.string().optional().meta({ description: 'Moment or interval of the creation, `..` for an open end' }),
      minDuration: z
        .array(z.number().min(0))
        .optional()
        .meta({ description: 'Seconds; a running job counts until now' }),
      maxDuration: z.array(z.number().min(0)).optional().meta({ description: 'Seconds' }),
      limit: Limit,
      after: z.string().optional().meta({ description: 'Cursor, as in the link `next`' }),
    }),
    responses: ok(JobList),
  }),
  of(getJob, { parameters: z.object({ id: z.string() }), responses: ok(StatusDocument) }),
  {
    ...of(
      submit,
      {
        body: { type: CreateDocument, example: { process: 'echo', inputs: { text: 'hi' } } },
        responses: {
          201: {
            description: 'The job waits to be started',
            content: { 'application/json': StatusDocument },
            headers: { Location: 'Absolute URL of the job' },
          },
        },
      },
      'POST /jobs',
    ),
    summary: 'Create a job that is started later',
    description: 'OGC API - Processes - Part 4 (draft).',
  },
  of(controlJob, {
    parameters: z.object({ id: z.string() }),
    body: { type: ControlDocument, example: { action: 'pause' } },
    responses: controlled,
  }),
  {
    ...of(controlJob, { parameters: z.object({ id: z.string() }), responses: controlled }, 'POST /jobs/:id/results'),
    id: 'executor_startJob',
    summary: 'Start a job that was created',
    description: 'OGC API - Processes - Part 4 (draft); the same as the action `start`.',
  },
  of(dismissJob, { parameters: z.object({ id: z.string() }), responses: ok(StatusDocument) }),
  {
    ...of(getResults, {
      parameters: z.object({ id: z.string(), outputs: textList('Ids of outputs; all unless told') }),
      headers: z.object({
        Prefer: z.string().optional().meta({ description: '`return=minimal` or `return=representation`' }),
      }),
      responses: {
        200: {
          description: 'The results; a large one as a link, unless `return=representation` is preferred',
          content: { 'application/json': ResultsDocument, 'multipart/related': null },
        },
      },
    }),
    errors: [...errorsOf(getResults), 'NO_SUCH_OUTPUT', 'NOT_ACCEPTABLE'],
  },
  {
    ...of(getResults, {
      parameters: z.object({ id: z.string(), output: z.string() }),
      responses: { 200: { ...values, headers: {} }, 307: { description: 'It is a file' } },
    }),
    path: '/jobs/:id/results/:output',
    id: 'executor_getResult',
    summary: 'Read one result by itself',
    errors: [...errorsOf(getResults), 'NO_SUCH_OUTPUT', 'NOT_ACCEPTABLE'],
  },
]

function of(
  operation: Operation,
  form: Pick<RouteDocument, 'responses'> & Partial<Pick<RouteDocument, 'parameters' | 'headers' | 'body'>>,
  http = operation.http as NonNullable<Operation['http']>,
): RouteDocument {
  const { method, path } = parseHttp(http)
  return {
    method,
    path,
    id: operation.type.replace('.', '_'),
    tag: 'processes',
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    ...form,
    errors: [...errorsOf(operation), 'NOT_ACCEPTABLE'],
  }
}

function errorsOf(operation: Operation): RouteDocument['errors'] {
  return [...commonErrors, ...operation.errors]
}

function page(path: string, id: string, summary: string, type: z.ZodType): RouteDocument {
  return { method: 'GET', path, id, tag: 'processes', summary, responses: ok(type), errors: ['NOT_ACCEPTABLE'] }
}

function ok(type: z.ZodType): RouteDocument['responses'] {
  return { 200: { description: 'The document', content: { 'application/json': type } } }
}
