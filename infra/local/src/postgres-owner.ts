import { readFileSync } from 'node:fs'
import { run } from './child.ts'
import { reason, say } from './report.ts'
import { which } from './rabbitmq-host.ts'

/** The account that runs Postgres; undefined when it is the caller's own. */
export type Owner = { name: string; uid: number; gid: number }

/** Postgres refuses root: as root it runs as `postgres`, or as `warren`, which is created when neither exists. */
export async function postgresOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const known = account('postgres') ?? account('warren')
  if (known) return known
  say('database', 'creating the system user warren, because Postgres refuses to run as root')
  await createUser().catch((error: unknown) => {
    throw new Error(`Postgres needs a user other than root, and creating one failed: ${reason(error)}`)
  })
  const created = account('warren')
  if (!created) throw new Error('Postgres needs a user other than root, and creating the user warren had no effect')
  return created
}

async function createUser(): Promise<void> {
  if (which('useradd')) {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/bin/false',
      'warren',
    ])
    return
  }
  await run('adduser', ['-S', '-D', '-H', '-s', '/bin/false', 'warren'])
}

function account(name: string): Owner | undefined {
  const fields = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((entry) => entry.split(':'))
    .find(([user]) => user === name)
  return fields && { name, uid: Number(fields[2]), gid: Number(fields[3]) }
}
