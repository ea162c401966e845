import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where everything of a running stack is found. */
export type Stack = {
  httpUrl: string
  amqpUrl: string
  mqttUrl: string | null
  databaseUrl: string
  managementUrl: string | null
  /** The launcher. */
  pid: number
}

/** The stack that runs in this folder, if one has come up. */
export function readStack(dir: string): Stack | undefined {
  const path = stackFile(dir)
  if (!existsSync(path)) return undefined
  return JSON.parse(readFileSync(path, 'utf8')) as Stack
}

/** Announces the stack. Its URLs hold passwords, so only its owner may read it. */
export function writeStack(dir: string, stack: Stack): void {
  const path = stackFile(dir)
  writeFileSync(`${path}.new`, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Takes the announcement back. */
export function removeStack(dir: string): void {
  rmSync(stackFile(dir), { force: true })
}

function stackFile(dir: string): string {
  return join(dir, 'stack.json')
}
