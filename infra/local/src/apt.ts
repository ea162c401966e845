import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { inheritedEnv } from './config.ts'
import { which } from './rabbitmq-host.ts'
import { say } from './report.ts'

const policy = '/usr/sbin/policy-rc.d'
const saved = '/usr/sbin/policy-rc.d.before-warren'
const signature = '# written by Warren while it installs packages; safe to remove afterwards'

/** Whether packages can be installed without asking: root on a system of the Debian family. */
export function canApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && which('apt-get') !== undefined
}

/** Installs Debian packages without starting the services they bring; refreshes the lists when that is needed. */
export async function aptInstall(who: string, packages: string[]): Promise<void> {
  denyServiceStart()
  try {
    const install = ['install', '-y', '--no-install-recommends', ...packages]
    if ((await apt(who, install)) === 0) return
    say(who, 'apt-get update …')
    await apt(who, ['update'])
    const code = await apt(who, install)
    if (code !== 0) throw new Error(`apt-get install ${packages.join(' ')} failed with exit code ${code}`)
  } finally {
    restoreServiceStart()
  }
}

/** Keeps maintainer scripts from starting daemons. The file disarms itself when this process is gone. */
function denyServiceStart(): void {
  restoreServiceStart()
  if (existsSync(policy)) renameSync(policy, saved)
  const otherwise = existsSync(saved) ? `exec ${saved} "$@"` : 'exit 0'
  writeFileSync(policy, `#!/bin/sh\n${signature}\nkill -0 ${process.pid} 2>/dev/null && exit 101\n${otherwise}\n`)
  chmodSync(policy, 0o755)
}

function restoreServiceStart(): void {
  if (existsSync(saved)) return renameSync(saved, policy)
  if (existsSync(policy) && readFileSync(policy, 'utf8').includes(signature)) rmSync(policy)
}

async function apt(who: string, args: string[]): Promise<number | null> {
  const child = spawn('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0', ...args], {
    env: { ...inheritedEnv(), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C must not cut a package installation in half.
    detached: true,
  })
  const show = (chunk: Buffer) => {
    for (const text of chunk.toString().split('\n')) {
      if (/^(Setting up|Need to get|Fetched|E:|Err:)/.test(text)) say(who, `apt: ${text.replace(/ \.\.\.$/, '')}`)
    }
  }
  child.stdout.on('data', show)
  child.stderr.on('data', show)
  return await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
