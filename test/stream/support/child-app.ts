import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { environment } from '../../support/env.ts'
import { eventually } from '../../support/wait.ts'

const program = fileURLToPath(new URL('app.child.ts', import.meta.url))

/** An app in a process of its own. */
export interface ChildApp {
  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
}

/** Where children tell what they do. */
export function effectsFile(): { readonly path: string; lines(): string[] } {
  const dir = mkdtempSync(join(tmpdir(), 'warren-stream-'))
  after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'effects')
  return {
    path,
    lines: () => {
      try {
        return readFileSync(path, 'utf8').split('\n').filter(Boolean)
      } catch {
        return []
      }
    },
  }
}

/** Starts one and waits until it serves; it ends with the tests of the file. */
export async function startChildApp(
  amqpUrl: string,
  instance: string,
  { app = 'x', effects = '/dev/null' }: { app?: string; effects?: string } = {},
): Promise<ChildApp> {
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment(), AMQP_URL: amqpUrl, INSTANCE: instance, APP: app, EFFECTS: effects },
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  after(() => signal('SIGKILL'))
  await eventually(`${instance} serves`, 20_000, () => output.includes('"started"'))
  return { signal }

  async function signal(what: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(what)
    if (what === 'SIGTERM' || what === 'SIGKILL') await new Promise((resolve) => child.once('exit', resolve))
  }
}
