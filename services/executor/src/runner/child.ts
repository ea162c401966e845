import { spawn } from 'node:child_process'
import type { Duplex, Readable } from 'node:stream'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { signalGroup, sweepGroup } from './group.ts'
import { lineReader } from './lines.ts'
import { logReader } from './log-lines.ts'
import { readMessage, type HostMessage } from './protocol.ts'

export interface ChildExit {
  readonly exitCode?: number
  readonly signal?: string
  /** Set if it could not be started at all */
  readonly reason?: string
}

export interface ChildOptions {
  readonly command: readonly [file: string, ...args: string[]]
  readonly cwd: string
  readonly env: { readonly [name: string]: string }
  readonly maxMessageBytes: number
  onMessage(message: HostMessage): void
  /** A line that is no message, or too long for one: the protocol cannot go on with this child. */
  onViolation(kind: 'malformed' | 'too large', line: string): void
  /** `bytes` is the size of the lines with their ends. */
  onLog(stream: 'stdout' | 'stderr', lines: readonly string[], bytes: number): void
  /** The whole process group is gone, and everything it wrote has been read. */
  onExit(exit: ChildExit): void
}

export interface Child {
  readonly pid: number | undefined
  /** Lines sent in one turn of the event loop go as one write. */
  send(line: string): void
  /** Signals the whole group. A stopped group is woken first, for only SIGKILL reaches it asleep. */
  signal(signal: NodeJS.Signals): void
  /** Ends the input: an idle host leaves by itself. */
  end(): void
}

/** One runner process in a process group of its own, with the protocol on file descriptor 3. */
export function startChild(options: ChildOptions): Child {
  const { command, cwd, env, onLog } = options
  const [file, ...args] = command
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const { pid } = child
  const channel = child.stdio[3] as Duplex
  let unsent = ''

  const tooLarge = (start: string) => options.onViolation('too large', start)
  listen(channel, lineReader(options.maxMessageBytes, receive, tooLarge))
  listen(
    child.stdio[1] as Readable,
    logReader((lines, bytes) => onLog('stdout', lines, bytes)),
  )
  listen(
    child.stdio[2] as Readable,
    logReader((lines, bytes) => onLog('stderr', lines, bytes)),
  )
  // Writing to a child that has just ended; its exit tells all.
  channel.on('error', () => {})
  child.once('error', (error) => {
    if (pid === undefined) options.onExit({ reason: `cannot start ${file}: ${error.message}` })
  })
  child.once('exit', (code, signal) => void exited(code, signal))

  return { pid, send, signal, end: () => void channel.end() }

  function send(line: string) {
    if (unsent === '') process.nextTick(flush)
    unsent += line
  }

  function flush() {
    if (channel.writable) channel.write(unsent)
    unsent = ''
  }

  function signal(name: NodeJS.Signals) {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    signalGroup(pid, name)
    if (name === 'SIGTERM') signalGroup(pid, 'SIGCONT')
  }

  function receive(line: string) {
    const message = messageOf(line)
    if (message) options.onMessage(message)
    else options.onViolation('malformed', line)
  }

  async function exited(code: number | null, signal: NodeJS.Signals | null) {
    const closed = once(child, 'close')
    await sweepGroup(pid!)
    // Somebody who left the group may still hold the log open; the job need not wait for them.
    await Promise.race([closed, setTimeout(500, undefined, { ref: false })])
    options.onExit({ ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }) })
  }
}

function messageOf(line: string): HostMessage | undefined {
  try {
    return readMessage(line)
  } catch {
    return undefined
  }
}

function listen(source: Readable, reader: { push(chunk: Buffer): void; end(): void }) {
  source.on('data', reader.push)
  source.once('end', reader.end)
}
