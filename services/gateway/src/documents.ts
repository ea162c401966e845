import { Converter } from '@apiture/openapi-down-convert'
import { asyncapi, openapi, type OpenApi, type Service } from '@warren/contracts'
import { Scalar } from '@scalar/hono-api-reference'
import { readFile } from 'node:fs/promises'
import type { Config } from './config.ts'
import type { App } from './env.ts'
import { openApi30, openApi31 } from './ogc/landing.ts'
import { toOas30 } from './oas30.ts'
import { routeDocuments } from './route-documents.ts'

const SCRIPT = '/docs/scalar.js'
const asyncApi3 = 'application/vnd.aai.asyncapi+json;version=3.0.0'

/** What the platform says of itself, all derived from the contracts. */
export function documentRoutes(app: App, services: readonly Service[], { publicUrl }: Config): void {
  const info = {
    info: {
      title: 'Warren',
      version: '0.1.0',
      description:
        'Functions, scripts and simulators as services: OGC API - Processes, and what Warren adds to it. ' +
        'The same operations are messages on the broker, see `/asyncapi.json`.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    // on loopback without a token, too
    security: [{ bearer: [] }, {}],
    tags: [
      { name: 'processes', description: 'OGC API - Processes: what can be run, and what was run' },
      { name: 'registry', description: 'Versions of processes, and the executors that offer them' },
      { name: 'executor', description: 'Jobs beyond the standard: their attempts, events, logs and files' },
      { name: 'notifier', description: 'Webhooks, their deliveries, and parked messages' },
      { name: 'files', description: 'Immutable files, and uploads that can go on where they stopped' },
      { name: 'gateway', description: 'What the platform says of itself' },
    ],
  }
  const document = once(() => openapi(services, info, routeDocuments))

  app.get(
    '/openapi.json',
    serve(
      openApi31,
      once(() => JSON.stringify(document())),
    ),
  )
  app.get(
    '/api',
    serve(
      openApi30,
      once(() => JSON.stringify(downConvert(document()))),
    ),
  )
  app.get(
    '/asyncapi.json',
    serve(
      asyncApi3,
      once(() => JSON.stringify(asyncapi(services, info.info))),
    ),
  )

  app.get(
    '/docs',
    Scalar({
      url: '/openapi.json',
      cdn: SCRIPT,
      bundle: false,
      pageTitle: 'Warren',
      withDefaultFonts: false,
      telemetry: false,
    }),
  )
  // from the installed package, because a machine without the internet has documentation too
  const script = once(() =>
    // n.b. its `exports` name only the entry of the package, `dist/index.js`
    readFile(new URL('browser/standalone.js', import.meta.resolve('@scalar/api-reference'))),
  )
  app.get(SCRIPT, async () => {
    return new Response(new Uint8Array(await script()), {
      headers: { 'Content-Type': 'text/javascript;charset=utf-8', 'Cache-Control': 'max-age=86400' },
    })
  })
}

function downConvert(document: OpenApi): object {
  return toOas30(new Converter(document, { allOfTransform: true }).convert())
}

function serve(type: string, text: () => string): () => Response {
  return () => new Response(text(), { headers: { 'Content-Type': type } })
}

/** Documents are large and do not change: they are made when somebody wants them first. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
