import { run, shrinkHeap } from '@warren/mesh'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createContext } from './context.ts'
import { startDialects } from './dialects/index.ts'
import { listen } from './server.ts'

const config = readConfig()

await run('gateway', config.mesh, async (service) => {
  const context = createContext(config, service)
  await startDialects(context, service)
  const server = await listen(createApp(context), config, service)
  service.release('http', () => server.drain())
  shrinkHeap()
})
