import { run } from '@warren/mesh'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createContext } from './context.ts'
import { listen } from './server.ts'

const config = readConfig()

await run('gateway', config.mesh, async (service) => {
  const context = createContext(config, service)
  const server = await listen(createApp(context), config, service)
  service.release('http', () => server.drain())
})
