import { notifier } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import { run, serve } from '@warren/mesh'
import { readConfig } from './config.ts'
import { openContext } from './context.ts'
import { handlers } from './handlers/index.ts'

const config = readConfig()

await run('notifier', config.mesh, async (service) => {
  const context = await openContext(config, service)
  serve(service.mesh, notifier, context, handlers, { translate: asWarrenError })
})
