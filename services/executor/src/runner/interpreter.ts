import { execFile } from 'node:child_process'

/** A command that says nothing for so long is taken as it is. */
const TIMEOUT_MS = 10_000

/**
 * The interpreter that a command leads to. What pyenv, asdf and the like put in its place is a script that looks for it
 * at each start, which takes several times as long as Python's own start.
 *
 * @returns the command itself where that cannot be told, also where there is no such command
 */
export function interpreterOf(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve) => {
    const ask = ['-c', 'import sys; print(sys.executable)']
    execFile(command, ask, { env, timeout: TIMEOUT_MS }, (error, stdout) => {
      resolve(error ? command : stdout.trim() || command)
    })
  })
}
