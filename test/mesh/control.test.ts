import assert from 'node:assert/strict'
import { it } from 'node:test'
import { client, startService, survey, tell, type StartedService } from '@warren/mesh'
import { defineDesk, failure, join, serveDesk, timed, until, useVirtualHost } from '../support/mesh.ts'

const vhost = await useVirtualHost()
const asking = await join('asking', vhost.amqpUrl)
const all = () => false

async function start(
  t: { after(undo: () => Promise<void>): void },
  service: string,
  instance: string,
  missing?: string,
): Promise<StartedService> {
  const started = await startService(
    service,
    { amqpUrl: vhost.amqpUrl, logLevel: 'silent', instance },
    async (running) => {
      const contract = defineDesk(service)
      running.describe(() => ({ colour: 'green' }))
      if (missing) running.check('database', () => missing)
      await serveDesk(running.mesh, {}, { service: contract })
    },
  )
  t.after(() => started.stop())
  await until('it listens', () => started.mesh.status().broker === true)
  return started
}

it('asks all, one service or one instance, for ping, info and stats', async (t) => {
  await start(t, 'north', 'n1')
  await start(t, 'north', 'n2', 'the database')
  await start(t, 'south', 's1')
  await client(defineDesk('south'), asking).echo({ text: 'hi' })
  await failure(client(defineDesk('south'), asking).find({ id: '!', count: 1 }), 'BAD_INPUT')

  const names = async (to: string, count: number) => {
    const options = { to, waitMs: 2_000, enough: (found: readonly unknown[]) => found.length === count }
    return (await survey(asking, 'ping', options)).map(({ service, instance }) => `${service}.${instance}`).toSorted()
  }
  assert.deepEqual(await names('all', 4), [`asking.${asking.instance}`, 'north.n1', 'north.n2', 'south.s1'])
  assert.deepEqual(await names('north', 2), ['north.n1', 'north.n2'])
  assert.deepEqual(await names('north.n2', 1), ['north.n2'])

  const one = (replies: readonly unknown[]) => replies.length === 1
  const [waiting] = await survey(asking, 'ping', { to: 'north.n2', waitMs: 2_000, enough: one })
  assert.equal(waiting?.ready, false)
  assert.deepEqual(waiting.checks, { broker: true, database: 'the database' })
  const [info] = await survey(asking, 'info', { to: 'north.n1', waitMs: 2_000, enough: one })
  assert.equal(info?.ready, true)
  assert.equal((info as unknown as { colour: string }).colour, 'green')
  const [stats] = await survey(asking, 'stats', { to: 'south', waitMs: 2_000, enough: one })
  const { operations, uptimeS } = stats as unknown as {
    operations: Record<string, { calls: number; errors: number; lastError?: string }>
    uptimeS: number
  }
  assert.equal(operations['south.echo']?.calls, 1)
  assert.equal(operations['south.find']?.errors, 1)
  assert.equal(operations['south.find'].lastError, 'BAD_INPUT')
  assert.ok(uptimeS > 0)
})

it('ends when there are enough, else when the time is over', async (t) => {
  await start(t, 'west', 'w1')
  const early = await timed(() =>
    survey(asking, 'ping', { to: 'west', waitMs: 3_000, enough: (found) => found.length >= 1 }),
  )
  assert.equal(early.value.length, 1)
  assert.ok(early.ms < 1_000, `${early.ms} ms`)
  const late = await timed(() => survey(asking, 'ping', { to: 'west', waitMs: 200, enough: all }))
  assert.equal(late.value.length, 1)
  assert.ok(late.ms >= 195 && late.ms < 600, `${late.ms} ms`)
  assert.deepEqual(await survey(asking, 'ping', { to: 'nobody', waitMs: 50, enough: all }), [])
  assert.equal(asking.requester.pending(), 0)
})

it('hands commands to whoever they are for', async (t) => {
  const [one, other] = [await start(t, 'east', 'e1'), await start(t, 'east', 'e2')]
  const heard: unknown[] = []
  one.mesh.controls.set('pause', (body) => heard.push(['e1', body]))
  other.mesh.controls.set('pause', (body) => heard.push(['e2', body]))
  tell(asking, 'east.e2', 'pause', { n: 1 })
  await until('one hears', () => heard.length === 1)
  tell(asking, 'east', 'pause', { n: 2 })
  await until('both hear', () => heard.length === 3)
  assert.deepEqual(heard[0], ['e2', { n: 1 }])
})
