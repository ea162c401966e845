import { spawnSync } from 'node:child_process'
import { dirname, delimiter, join } from 'node:path'
import type { Config } from './config.ts'
import { begin, say } from './report.ts'

const checks = [
  { name: 'types', tool: 'tsc', args: ['--noEmit'] },
  { name: 'lint', tool: 'oxlint', args: ['--type-aware'] },
  { name: 'format', tool: 'oxfmt', args: ['--check'] },
]

/** Types, lint and format: all of them always run. */
export async function check(config: Config): Promise<number> {
  const failed: string[] = []
  for (const { name, tool, args } of checks) {
    const done = begin('check', `${name}: ${[tool, ...args].join(' ')}`)
    const { status } = spawnSync(join(config.root, 'node_modules/.bin', tool), args, {
      cwd: config.root,
      stdio: 'inherit',
      // The tools' shell stubs look for node on the PATH.
      env: { ...config.env, PATH: [dirname(process.execPath), config.env['PATH']].join(delimiter) },
    })
    if (status !== 0) failed.push(name)
    done(status === 0 ? `${name} passed` : `${name} FAILED`)
  }
  say('check', failed.length === 0 ? 'all checks passed' : `failed: ${failed.join(', ')}`)
  return failed.length === 0 ? 0 : 1
}
