import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { aptInstall, canApt } from './apt.ts'
import { run } from './child.ts'
import { identify, signal } from './identity.ts'
import { gone } from './ledger.ts'
import { dockerAnswers } from './rabbitmq-docker.ts'
import { findRabbitmq, which } from './rabbitmq-host.ts'
import { begin, say } from './report.ts'

const advice = `RabbitMQ is needed and was not found. Install it, then try again:
  Debian, Ubuntu   sudo apt-get install rabbitmq-server   (then: sudo systemctl disable --now rabbitmq-server)
  Fedora, RHEL     sudo dnf install rabbitmq-server
  Arch             sudo pacman -S rabbitmq
  Alpine           sudo apk add rabbitmq-server
  macOS            brew install rabbitmq
Or start Docker, or point AMQP_URL at a broker of your own.`

/** Makes sure that a broker can be started: from the host, from its packages, or with Docker. */
export async function ensureRabbitmq(): Promise<void> {
  if (findRabbitmq()) return
  if (canApt()) {
    const done = begin(
      'broker',
      'RabbitMQ is not installed; installing the package rabbitmq-server (nothing else is started)',
    )
    await installWithoutService()
    if (findRabbitmq()) return done('RabbitMQ installed')
  }
  if (await dockerAnswers()) return say('broker', 'RabbitMQ is not installed; it will run in Docker')
  throw new Error(advice)
}

async function installWithoutService(): Promise<void> {
  const before = new Set(daemons().map(({ pid }) => pid))
  await aptInstall('broker', ['rabbitmq-server'])
  if (existsSync('/run/systemd/system') && which('systemctl')) {
    // The package enables its service; it was installed for a private node only.
    const units = ['rabbitmq-server.service', 'epmd.socket', 'epmd.service']
    for (const unit of units) await run('systemctl', ['disable', '--now', unit]).catch(() => '')
  }
  const started = daemons().filter(({ pid }) => !before.has(pid))
  for (const { pid } of started) {
    say('broker', `stopping a system daemon that the package started (pid ${pid})`)
    signal(pid, 'SIGTERM')
  }
  await gone(started, 10_000)
}

/** Processes of the users that the packages run their daemons under. */
function daemons() {
  if (!existsSync('/proc/self/status')) return []
  const users = new Set(systemUids())
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && users.has(uidOf(name)))
    .flatMap((name) => identify(Number(name)) ?? [])
}

function systemUids(): string[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((entry) => entry.split(':'))
    .filter(([name]) => name === 'rabbitmq' || name === 'epmd')
    .map((fields) => fields[2] ?? '')
}

function uidOf(pid: string): string {
  try {
    return /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}
