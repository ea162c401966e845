import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  asyncapi,
  catalogue,
  commonErrors,
  executor,
  files,
  frameHeaders,
  frameTypes,
  openapi,
  registry,
  type Service,
} from './index.ts'

const services: readonly Service[] = [registry, executor, files]
const info = { title: 'Test', version: '1.0.0' }

interface Described {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[]
}

it('OpenAPI has every operation with an HTTP form, with every status that its codes have', () => {
  const { paths } = openapi(services, { info })
  for (const operation of services.flatMap((service) => Object.values(service.operations))) {
    if (operation.http === undefined) continue
    const [method = '', path = ''] = operation.http.split(' ')
    const described = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()] as Described
    assert.equal(described.operationId, operation.type.replace('.', '_'))
    for (const code of [...commonErrors, ...operation.errors]) {
      assert.ok(described.responses[catalogue[code].http], `${operation.type}: ${code}`)
    }
    for (const [, name] of operation.http.matchAll(/:(\w+)/g)) {
      assert.ok(described.parameters.some((parameter) => parameter.name === name && parameter.in === 'path'))
    }
  }
})

it('OpenAPI takes the route of the caller in place of the derived one', () => {
  const route = {
    method: 'GET',
    path: '/jobs/:job',
    id: 'mine',
    tag: 'x',
    summary: 'x',
    responses: {},
    errors: [],
  } as const
  const { paths } = openapi(services, { info }, [route])
  assert.equal((paths['/jobs/{job}'] as { get: Described }).get.operationId, 'mine')
  assert.equal(paths['/jobs/{id}']?.get, undefined)
})

it('AsyncAPI has every operation with its reply, and every event', () => {
  const document = asyncapi(services, info) as Record<
    'channels' | 'operations',
    Record<string, Record<string, unknown>>
  >
  for (const { service, key, type } of services.flatMap((service) => Object.values(service.operations))) {
    const id = `${service}_${key}`
    assert.equal(document.operations[id]?.action, 'receive', type)
    assert.ok(document.operations[id].reply, type)
    assert.ok(document.channels[id] && document.channels[`${id}_reply`], type)
  }
  for (const { service, key, type } of services.flatMap((service) => Object.values(service.events))) {
    assert.equal(document.operations[`${service}_${key}`]?.action, 'send', type)
  }
})

it('AsyncAPI has every frame of an exchange with an app, and every header of one', () => {
  const { channels } = asyncapi(services, info) as { channels: Record<string, { messages: Record<string, unknown> }> }
  const described = { ...channels['stream_app']?.messages, ...channels['stream_exchange']?.messages }
  assert.deepEqual(new Set(Object.keys(described)), new Set(Object.values(frameTypes)))
  const headers = Object.values(described).flatMap((frame) => {
    return Object.keys((frame as { headers: { properties: object } }).headers.properties)
  })
  assert.deepEqual(new Set(Object.values(frameHeaders)).difference(new Set(headers)), new Set())
})

it('references in both documents lead somewhere', () => {
  for (const document of [openapi(services, { info }), asyncapi(services, info)]) {
    for (const [, pointer = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      assert.ok(pointer.split('/').reduce<unknown>(memberOf, document), pointer)
    }
  }
})

function memberOf(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null ? (node as Record<string, unknown>)[name] : undefined
}
