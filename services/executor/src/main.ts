import { executor } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import { run, serve } from '@warren/mesh'
import { readConfig } from './config.ts'
import { openContext } from './context.ts'
import { handlers } from './handlers/index.ts'
import { openOffers } from './offers/offers.ts'

const config = readConfig()

await run('executor', config.mesh, async (service) => {
  const context = await openContext(config, service)
  serve(service.mesh, executor, context, handlers, { translate: asWarrenError })
  await openOffers(context)
})
