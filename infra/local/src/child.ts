import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inheritedEnv } from './config.ts'
import { runMark, signal } from './identity.ts'
import type { Ledger } from './ledger.ts'

/** How to start a program that the launcher is responsible for. */
export type Command = {
  name: string
  file: string
  args: string[]
  env?: NodeJS.ProcessEnv
  cwd?: string
  uid?: number
  gid?: number
  /** A file for its output; without one the output is in `stdout` and `stderr`. */
  log?: string
  /** Whether its output goes where ours goes. */
  terminal?: boolean
  stopSignal?: NodeJS.Signals
  /** How long it may take to stop before its group is killed. */
  graceMs: number
  ledger?: Ledger | undefined
}

/** A running program in a process group of its own. */
export type Child = {
  name: string
  pid: number
  stdout: Readable | null
  stderr: Readable | null
  /** Settles, never fails, with how it ended. */
  exited: Promise<string>
  running(): boolean
  /** Asks it to stop, kills its group after the grace, and returns when it is gone. */
  stop(): Promise<void>
  /** Kills its group now, and returns when it is gone. */
  kill(): Promise<void>
}

/** Starts a program and writes it down before anything else can happen. */
export async function startChild(command: Command): Promise<Child> {
  const { name, ledger, stopSignal = 'SIGTERM' } = command
  const log = command.log ? openSync(command.log, 'a', 0o600) : undefined
  const output = log ?? (command.terminal ? 'inherit' : 'pipe')
  const child = spawn(command.file, command.args, {
    cwd: command.cwd ?? '/',
    env: { ...inheritedEnv(), ...command.env, ...(ledger ? { [runMark]: ledger.id } : {}) },
    stdio: ['ignore', output, output],
    detached: true,
    ...(command.uid === undefined ? {} : { uid: command.uid, gid: command.gid }),
  })
  if (log !== undefined) closeSync(log)
  const { pid } = child
  if (pid === undefined) {
    throw await new Promise<Error>((resolve) => {
      child.once('error', (error) => resolve(new Error(`cannot start ${command.file}: ${error.message}`)))
    })
  }
  ledger?.add({ name, pid, stopSignal })
  let alive = true
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, by) => {
      alive = false
      // What is left of the group has lost its leader.
      signal(-pid, 'SIGKILL')
      ledger?.remove(pid)
      resolve(by ? `was ended by ${by}` : `ended with exit code ${code}`)
    })
  })
  const kill = async () => {
    if (alive) signal(-pid, 'SIGKILL')
    await exited
  }
  const stop = async () => {
    if (!alive) return
    signal(pid, stopSignal)
    const waited = new AbortController()
    const done = await Promise.race([
      exited,
      sleep(command.graceMs, undefined, { signal: waited.signal }).catch(() => ''),
    ])
    waited.abort()
    if (done === undefined) await kill()
  }
  return { name, pid, stdout: child.stdout, stderr: child.stderr, exited, running: () => alive, stop, kill }
}

/** Runs a program to its end and returns what it printed; fails with its last words. */
export async function run(file: string, args: string[], options: Partial<Command> & { input?: string } = {}) {
  const child = spawn(file, args, {
    cwd: options.cwd ?? '/',
    env: { ...inheritedEnv(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid }),
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0)
    throw new Error(`${file} failed (exit code ${code}): ${output.trim().split('\n').slice(-8).join('\n')}`)
  return output
}
