import { files } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import { run, serve, serveHttp, shrinkHeap } from '@warren/mesh'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { openContext } from './context.ts'
import { handlers } from './handlers/index.ts'

const config = readConfig()

await run('files', config.mesh, async (service) => {
  const context = await openContext(config, service)
  serve(service.mesh, files, context, handlers, { translate: asWarrenError })
  serveHttp(service.mesh, files.name, createApp(context).fetch, { translate: asWarrenError })
  shrinkHeap()
})
