import { spawn, type ChildProcess } from 'node:child_process'

/** Kills process groups if this service dies without doing so itself, as after SIGKILL or for want of memory. */
export interface Guard {
  add(pgid: number): void
  remove(pgid: number): void
  close(): void
}

/** Reads `+ <pgid>` and `- <pgid>`; when the pipe ends, whatever was not taken back is killed. */
const script = `
while read -r sign group; do
  rest=
  for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
  groups=$rest
  [ "$sign" = + ] && groups="$groups $group"
done
for group in $groups; do kill -KILL "-$group"; done`

/** A shell that waits for our end, in a session of its own so that Ctrl-C in the terminal does not reach it. */
export function createGuard(): Guard {
  let shell: ChildProcess | undefined
  return { add: (pgid) => tell('+', pgid), remove: (pgid) => tell('-', pgid), close: () => void shell?.stdin?.end() }

  function tell(sign: string, pgid: number) {
    shell ??= start()
    if (shell.stdin?.writable) shell.stdin.write(`${sign} ${pgid}\n`)
  }

  function start() {
    const started = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    started.on('error', () => {})
    started.stdin.on('error', () => {})
    started.unref()
    return started
  }
}
