import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { useVirtualHost } from '../support/mesh.ts'
import { createPatient } from '../support/patient.ts'
import { eventually } from '../support/wait.ts'
import { startChildApp, type ChildApp } from './support/child-app.ts'
import { startGateway, type Gateway } from './support/gateway.ts'

const LOOPS = 4
const vhost = await useVirtualHost()
const apps: ChildApp[] = [await startChildApp(vhost.amqpUrl, 'a1'), await startChildApp(vhost.amqpUrl, 'b1')]
const gateways: Gateway[] = []
for (const _ of apps) gateways.push(await startGateway(vhost.amqpUrl, { EXPOSE_APPS: 'x' }))
after(() => Promise.all(gateways.map((gateway) => gateway.stop())))

it('17. answers every idempotent request while gateways and apps are restarted one after the other', async (t) => {
  const client = createPatient(gateways.map(({ url }) => url))
  t.after(() => client.close())
  const failures: string[] = []
  const who = new Map<string, number>()
  const ending = new AbortController()
  let answers = 0
  const loops = Array.from({ length: LOOPS }, async (_, which) => {
    for (let i = 0; !ending.signal.aborted; i++) {
      // some are under way while their app or their gateway is told to end
      const path = i % 20 === which ? '/apps/x/slow/300/some' : '/apps/x/who'
      try {
        const { status, text } = await client.ask({ method: 'GET', path })
        if (status !== 200) failures.push(`${path}: ${status} ${text}`)
        who.set(text, (who.get(text) ?? 0) + 1)
        answers++
      } catch (error) {
        failures.push(`${path}: ${String(error)}`)
      }
      await wait(5)
    }
  })
  const underLoad = async (): Promise<void> => {
    const before = answers
    await eventually('it is under load', 10_000, () => answers > before + 50)
  }
  await underLoad()
  for (const which of [0, 1]) {
    await (apps[which] as ChildApp).signal('SIGTERM')
    await underLoad()
    apps[which] = await startChildApp(vhost.amqpUrl, `${'ab'[which]}2`)
    await underLoad()
  }
  for (const gateway of gateways) {
    await gateway.stop()
    await underLoad()
    await gateway.start()
    await underLoad()
  }
  // and one without a goodbye
  await (apps[0] as ChildApp).signal('SIGKILL')
  await underLoad()
  ending.abort()
  await Promise.all(loops)
  t.diagnostic(`${answers} answers, ${JSON.stringify(client.retried)}, ${JSON.stringify([...who])}`)
  assert.deepEqual(failures, [])
  assert.deepEqual([...who.keys()].toSorted(), ['a1', 'a2', 'b1', 'b2'])
})
