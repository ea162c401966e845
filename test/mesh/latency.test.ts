import assert from 'node:assert/strict'
import { it } from 'node:test'
import { client } from '@warren/mesh'
import { desk, join, serveDesk, timed, useVirtualHost } from '../support/mesh.ts'

const vhost = await useVirtualHost()

it('does not hold small packets back', async () => {
  const caller = client(desk, await join('caller', vhost.amqpUrl))
  await serveDesk(await join('desk', vhost.amqpUrl))
  const text = 'x'.repeat(5_000)
  const times: number[] = []
  for (let n = 0; n < 60; n++) {
    const { value, ms } = await timed(() => caller.echo({ text }))
    assert.equal(value.text, text)
    times.push(ms)
  }
  const median = times.toSorted((a, b) => a - b)[30] as number
  // 41 ms with Nagle's algorithm and delayed acks, about 1 ms without
  assert.ok(median < 20, `${median} ms`)
})
