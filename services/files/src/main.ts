import { constants, setPriority } from 'node:os'
import { files } from '@warren/contracts'
import { asWarrenError } from '@warren/database'
import { run, serve, serveHttp, shrinkHeap } from '@warren/mesh'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { openContext } from './context.ts'
import { handlers } from './handlers/index.ts'

// bytes give way to calls: where cores are short, who runs something does not wait for somebody's file
setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
const config = readConfig()

await run('files', config.mesh, async (service) => {
  const context = await openContext(config, service)
  serve(service.mesh, files, context, handlers, { translate: asWarrenError })
  serveHttp(service.mesh, files.name, createApp(context).fetch, { translate: asWarrenError })
  shrinkHeap()
})
