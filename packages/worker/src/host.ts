/** The Node runner host: `node host.ts <entry file>` with the executor on file descriptor 3. */
import { dirname, resolve } from 'node:path'
import { openChannel } from './channel.ts'
import type { Process } from './define.ts'
import { loadFailure, loadProcesses } from './load.ts'
import { errorLine, serve, type Hosted } from './serve.ts'

const entry = resolve(process.argv[2] ?? 'process.ts')
const folder = dirname(entry)
const channel = openChannel()

try {
  const processes = await loadProcesses(entry)
  serve(channel, new Map(processes.map((process) => [process.id, host(process)])), { folder, pipelining: true })
} catch (error) {
  channel.last(errorLine('', loadFailure(error, entry, folder)))
  process.exit(1)
}

function host({ run, ...declaration }: Process): Hosted {
  return { declaration, run }
}
