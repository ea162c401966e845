import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { CallOptions } from '@warren/mesh'
import { createApp } from './app.ts'
import { fakeContext, job } from './support/fake-context.ts'

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

/** What a submission with these headers is called with, and how it is answered. */
async function submit(headers: Record<string, string>): Promise<{ status: number; options: CallOptions | undefined }> {
  let options: CallOptions | undefined
  const app = createApp(
    fakeContext({
      executor: {
        submit: async (_, given) => {
          options = given
          return job
        },
      },
    }),
  )
  const { status } = await app.request('/processes/echo/execution', {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json', prefer: 'respond-async', ...headers },
  })
  return { status, options }
}

it('passes on who asks, the id of the request, its trace context and its key', async () => {
  const { status, options } = await submit({
    traceparent,
    tracestate: 'a=1',
    'x-request-id': 'r-1',
    'idempotency-key': '"8e03978e-40d5"',
  })
  assert.equal(status, 201)
  const { signal, ...others } = options ?? {}
  assert.ok(signal)
  assert.deepEqual(others, {
    principal: 'local',
    roles: ['admin'],
    requestId: 'r-1',
    traceparent,
    tracestate: 'a=1',
    idempotencyKey: '"8e03978e-40d5"',
  })
})

it('leaves out what is not there, or is none', async () => {
  const { options } = await submit({ traceparent: 'hello', tracestate: 'a=1' })
  assert.deepEqual(Object.keys(options ?? {}).toSorted(), ['principal', 'requestId', 'roles', 'signal'])
})

it('refuses a key that is none', async () => {
  for (const key of ['', 'a b', 'é', 'x'.repeat(256)]) {
    const { status, options } = await submit({ 'idempotency-key': key })
    assert.deepEqual([status, options], [400, undefined], key)
  }
  assert.equal((await submit({ 'idempotency-key': 'x'.repeat(255) })).status, 201)
})
