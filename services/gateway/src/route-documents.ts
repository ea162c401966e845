import type { ResponseDocument, RouteDocument } from '@warren/contracts'
import { z } from 'zod'
import { AppList } from './apps.ts'
import { eventDocuments } from './events/documents.ts'
import { directDocuments } from './direct-documents.ts'
import { fileDocuments } from './file-documents.ts'
import { folderDocuments } from './folder-documents.ts'
import { HealthReport } from './health.ts'
import { ogcDocuments } from './ogc/documents.ts'
import { filesOfJobDocuments } from './ogc/files-of-job.ts'
import { openApi30, openApi31 } from './ogc/landing.ts'
import { ProblemKind } from './problems.ts'
import { provenanceDocuments } from './provenance/index.ts'

const AnyDocument = z.looseObject({})

/** The routes that no contract derives: what OGC fixes, and what the gateway says of itself. */
export const routeDocuments: readonly RouteDocument[] = [
  ...ogcDocuments,
  ...eventDocuments,
  ...filesOfJobDocuments,
  ...provenanceDocuments,
  ...fileDocuments,
  ...directDocuments,
  ...folderDocuments,
  gatewayRoute('/livez', 'live', 'Is the gateway up?', json('It is', z.object({ status: z.literal('alive') }))),
  {
    ...gatewayRoute('/readyz', 'ready', 'Can requests be served?', json('They can', HealthReport)),
    responses: { ...json('They can', HealthReport), 503: json('Not yet; the body says why', HealthReport)[200] },
  },
  gatewayRoute(
    '/metrics',
    'metrics',
    'Metrics of all services, for Prometheus',
    bytes('Text', 'text/plain; version=0.0.4; charset=utf-8'),
  ),
  gatewayRoute('/apps', 'apps', 'Apps that are reached under `/apps/{name}/`', json('Those', AppList)),
  gatewayRoute('/openapi.json', 'openapi31', 'This API as OpenAPI 3.1', document(openApi31)),
  gatewayRoute('/api', 'openapi30', 'This API as OpenAPI 3.0', document(openApi30)),
  gatewayRoute(
    '/asyncapi.json',
    'asyncapi',
    'The messages as AsyncAPI 3',
    document('application/vnd.aai.asyncapi+json;version=3.0.0'),
  ),
  gatewayRoute('/docs', 'docs', 'This API to read and try', bytes('A web page', 'text/html; charset=UTF-8')),
  gatewayRoute(
    '/docs/scalar.js',
    'docsScript',
    'Script of that page',
    bytes('A script', 'text/javascript;charset=utf-8'),
  ),
  gatewayRoute(
    '/problems',
    'problems',
    'The kinds of problems',
    json('All', z.object({ problems: z.array(ProblemKind) })),
  ),
  {
    ...gatewayRoute('/problems/:name', 'problem', 'One kind of problem', json('It', ProblemKind)),
    parameters: z.object({ name: z.string() }),
    errors: ['NOT_FOUND'],
  },
]

function gatewayRoute(path: string, id: string, summary: string, responses: RouteDocument['responses']): RouteDocument {
  return { method: 'GET', path, id: `gateway_${id}`, tag: 'gateway', summary, responses, errors: [] }
}

function json(description: string, schema: z.ZodType): { 200: ResponseDocument } {
  return { 200: { description, content: { 'application/json': schema } } }
}

function document(type: string): { 200: ResponseDocument } {
  return { 200: { description: 'The document', content: { [type]: AnyDocument } } }
}

function bytes(description: string, type: string): { 200: ResponseDocument } {
  return { 200: { description, content: { [type]: null } } }
}
