/** The Node runner host: `node host.ts <entry file>` with the executor on file descriptor 3. */
import { dirname, resolve } from 'node:path'
import { openChannel } from './channel.ts'
import type { Process } from './define.ts'
import { derive, nativeOf } from './derive.ts'
import { declarationOf, isParametric } from './grammar.ts'
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

function host(process: Process): Hosted {
  const { run, derivatives: _, ...declared } = process
  const derivatives = nativeOf(process)
  // functions do not travel: JSON leaves them out
  const declaration = { ...declared, ...(derivatives && { derivatives }) }
  const more = { run, ...(derivatives && { derive: derive.bind(undefined, process) }) }
  if (!isParametric(process)) return { declaration, ...more }
  const declarationWith = declarationOf({ ...process, ...declaration })
  return { declaration: declarationWith({}), declarationWith, ...more }
}
