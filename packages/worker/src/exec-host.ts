/** The runner host of any program: `node exec-host.ts <process.json>` with the executor on file descriptor 3. */
import { dirname, resolve } from 'node:path'
import { openChannel } from './channel.ts'
import { readCommandFile, type CommandProcess } from './command-file.ts'
import { runCommand } from './command.ts'
import type { Context } from './context.ts'
import { failureOf } from './failure.ts'
import { becomeRunner } from './foreign-runner.ts'
import { errorLine, serve } from './serve.ts'

const entry = resolve(process.argv[2] ?? 'process.json')
const folder = dirname(entry)
const inputsMember = ',"inputs":'

try {
  const file = await readCommandFile(entry)
  if ('runner' in file) becomeRunner(file.runner, folder)
  else serveCommand(file)
} catch (error) {
  openChannel().last(errorLine('', failureOf(error, folder, 'LOAD_FAILED')))
  process.exit(1)
}

function serveCommand(command: CommandProcess) {
  // A program cannot be asked for its state, or to rest.
  const {
    command: _1,
    files: _2,
    stdout: _3,
    checkpointable: _4,
    yields: _5,
    derivatives: _6,
    ...declaration
  } = command
  const run = (inputs: object, context: Context, line: string) =>
    runCommand(command, folder, inputs as { [name: string]: unknown }, rawInputs(line), context)
  serve(openChannel(), new Map([[declaration.id, { declaration, run }]]), { folder, pipelining: false })
}

/** `inputs` is the last member of a `run`, and no string before it can hold these characters unescaped. */
function rawInputs(line: string) {
  return line.slice(line.indexOf(inputsMember) + inputsMember.length, -1)
}
