import { spawn } from 'node:child_process'
import { openChannel } from './channel.ts'
import { programOf } from './command.ts'
import { errorLine } from './serve.ts'

/** Hands file descriptor 3 to a program that speaks the protocol itself, and ends as it does. */
export function becomeRunner([name = '', ...args]: readonly string[], folder: string): void {
  const child = spawn(programOf(name, folder), args, { stdio: ['ignore', 'inherit', 'inherit', 3] })
  child.on('error', ({ message }) => {
    openChannel().last(errorLine('', { code: 'LOAD_FAILED', message: `cannot start ${name}: ${message}` }))
    process.exit(1)
  })
  child.on('exit', (code, signal) => (signal === null ? process.exit(code ?? 1) : process.kill(process.pid, signal)))
}
