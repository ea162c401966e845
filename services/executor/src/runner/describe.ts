import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessDeclaration } from '@warren/worker'
import { startChild } from './child.ts'
import { hostCommand, type EntryKind } from './hosts.ts'
import type { HostMessage } from './protocol.ts'

export interface DescribeOptions {
  readonly env: { readonly [name: string]: string }
  readonly workRoot: string
  readonly python?: string | undefined
  readonly timeoutMs: number
}

export interface Description {
  readonly pipelining: boolean
  readonly processes: readonly ProcessDeclaration[]
}

/** Asks an entry file what it declares, in a child of its own. Rejects with the reason, with file and line if known. */
export async function describeEntry(kind: EntryKind, entry: string, options: DescribeOptions): Promise<Description> {
  const cwd = await mkdtemp(join(options.workRoot, 'describe-'))
  try {
    return await ask(kind, entry, cwd, options)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

function ask(kind: EntryKind, entry: string, cwd: string, { env, python, timeoutMs }: DescribeOptions) {
  return new Promise<Description>((resolve, reject) => {
    const log: string[] = []
    let answer: Description | undefined
    let reason: string | undefined
    const fail = (why: string) => {
      reason ??= why
      child.signal('SIGKILL')
    }
    const timer = setTimeout(() => fail(`it did not describe itself within ${timeoutMs / 1000} s`), timeoutMs)
    const child = startChild({
      command: hostCommand(kind, entry, python),
      cwd,
      env,
      maxMessageBytes: 2 ** 20,
      onLog: (_, lines) => void log.push(...lines.slice(0, Math.max(0, 50 - log.length))),
      onViolation: (what) => fail(`its description is ${what}`),
      onMessage,
      onExit,
    })
    child.send('{"type":"describe"}\n')

    function onMessage(message: HostMessage) {
      if (message.type === 'error') reason = located(message)
      if (message.type !== 'described') return
      answer = { pipelining: message.pipelining === true, processes: message.processes }
      child.end()
    }

    function onExit({ reason: unstarted, exitCode, signal }: { reason?: string; exitCode?: number; signal?: string }) {
      clearTimeout(timer)
      if (answer) return resolve(answer)
      const how = signal ? `was ended by ${signal}` : `ended with exit code ${exitCode}`
      reject(new Error(reason ?? unstarted ?? [`it ${how} before it described itself`, ...log.slice(-5)].join('\n')))
    }
  })
}

function located({ message, file, line }: { message: string; file?: string; line?: number }) {
  if (file === undefined) return message
  return `${message} (${line === undefined ? file : `${file}:${line}`})`
}
