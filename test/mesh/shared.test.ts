import assert from 'node:assert/strict'
import { it } from 'node:test'
import { emit, subscribe } from '@warren/mesh'
import { desk, join, until, useVirtualHost } from '../support/mesh.ts'

const vhost = await useVirtualHost()
const publisher = await join('publisher', vhost.amqpUrl)

const say = (number: number) => emit(publisher, desk.events.said, { id: 'a', text: 'hi' }, { id: String(number) })

it('a shared subscription brings each event to one of its instances, in order, and keeps nothing for later', async () => {
  const heard: string[] = []
  const byInstance: string[][] = [[], []]
  const open = async (own: string[]) => {
    const mesh = await join('listener', vhost.amqpUrl)
    const hear = async ({ id }: { id: string }): Promise<void> => {
      heard.push(id)
      own.push(id)
      if (id === '3') throw new Error('it cannot be handled, and does not come again')
    }
    const subscription = await subscribe(mesh, hear, { shared: 'both', patterns: ['desk.*.*'] })
    await subscription.up
    return { mesh, subscription }
  }
  const [first, second] = [await open(byInstance[0] as string[]), await open(byInstance[1] as string[])]
  for (let number = 1; number <= 40; number++) await say(number)
  await until('all are heard', () => heard.length >= 40)
  assert.deepEqual(
    heard.toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 40 }, (_, index) => String(index + 1)),
  )
  for (const own of byInstance) {
    assert.ok(own.length > 0, 'both take some')
    assert.deepEqual(
      own,
      own.toSorted((a, b) => Number(a) - Number(b)),
    )
  }
  await first.subscription.close()
  await say(41)
  await until('the other takes all', () => byInstance[1]?.at(-1) === '41')
  await second.subscription.close()
})
