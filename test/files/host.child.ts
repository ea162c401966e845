import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { createApp, openContext, readConfig } from '@warren/files'
import { run } from '@warren/mesh'

/** The files service on a port of its own, which it tells its parent. */
const config = readConfig()

await run('files', config.mesh, async (service) => {
  const context = await openContext(config, service)
  const app = createApp(context)
  const listener = getRequestListener((request) => app.fetch(request))
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  service.release('server', () => server.closeAllConnections())
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
