import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startChild, type ChildExit } from './child.ts'
import { hostCommand, type EntryKind } from './hosts.ts'
import type { DescribedMessage, HostMessage } from './protocol.ts'

export interface DescribeOptions {
  readonly env: { readonly [name: string]: string }
  readonly workRoot: string
  readonly python?: string | undefined
  /** For each answer */
  readonly timeoutMs: number
}

/** A child that says what an entry file declares. */
export interface Describer {
  /** Sends one line; answers come in the order of the questions. Rejects with the reason why none comes. */
  ask(line: string): Promise<DescribedMessage>
  /** Whether it still answers */
  readonly alive: boolean
  /** Ends it when it has answered what it was asked; resolves when it is gone. */
  end(): Promise<void>
}

/** Asks an entry file what it declares, in a child of its own. Rejects with the reason, with file and line if known. */
export async function describeEntry(
  kind: EntryKind,
  entry: string,
  options: DescribeOptions,
): Promise<DescribedMessage> {
  const describer = startDescriber(kind, entry, options)
  try {
    return await describer.ask('{"type":"describe"}\n')
  } finally {
    await describer.end()
  }
}

interface Question {
  resolve(answer: DescribedMessage): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

export function startDescriber(kind: EntryKind, entry: string, options: DescribeOptions): Describer {
  const { env, python, timeoutMs } = options
  const cwd = mkdtempSync(join(options.workRoot, 'describe-'))
  const gone = Promise.withResolvers<void>()
  const questions: Question[] = []
  const log: string[] = []
  let alive = true
  let ending = false
  let reason: string | undefined
  const child = startChild({
    command: hostCommand(kind, entry, python),
    cwd,
    env,
    maxMessageBytes: 2 ** 20,
    onLog: (_, lines) => void log.push(...lines.slice(0, Math.max(0, 50 - log.length))),
    onViolation: (what) => fail(`its description is ${what}`),
    onMessage,
    onExit: (exit) => void onExit(exit),
  })
  return {
    ask,
    get alive() {
      return alive
    },
    end,
  }

  function ask(line: string): Promise<DescribedMessage> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(`it did not describe itself within ${timeoutMs / 1000} s`), timeoutMs)
      questions.push({ resolve, reject, timer })
      child.send(line)
    })
  }

  function fail(why: string): void {
    alive = false
    reason ??= why
    child.signal('SIGKILL')
  }

  function onMessage(message: HostMessage): void {
    if (message.type === 'error') reason = located(message)
    if (message.type !== 'described') return
    const question = questions.shift()
    clearTimeout(question?.timer)
    question?.resolve(message)
    if (ending) leave()
  }

  function leave(): void {
    if (questions.length === 0) child.end()
  }

  async function onExit({ reason: unstarted, exitCode, signal }: ChildExit): Promise<void> {
    alive = false
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${exitCode}`
    const why = reason ?? unstarted ?? [`it ${how} before it described itself`, ...log.slice(-5)].join('\n')
    for (const { timer, reject } of questions.splice(0)) {
      clearTimeout(timer)
      reject(new Error(why))
    }
    await rm(cwd, { recursive: true, force: true })
    gone.resolve()
  }

  async function end(): Promise<void> {
    alive = false
    ending = true
    leave()
    const late = setTimeout(() => child.signal('SIGKILL'), timeoutMs)
    await gone.promise
    clearTimeout(late)
  }
}

function located({ message, file, line }: { message: string; file?: string; line?: number }) {
  if (file === undefined) return message
  return `${message} (${line === undefined ? file : `${file}:${line}`})`
}
