import { globSync } from 'node:fs'
import { aptInstall, canApt } from './apt.ts'
import { check } from './check.ts'
import { run } from './child.ts'
import type { Config } from './config.ts'
import { withPrivateStack } from './private-stack.ts'
import { which } from './rabbitmq-host.ts'
import { begin, reason, say } from './report.ts'

const everywhere = ['packages/**/*.test.ts', 'services/**/*.test.ts', 'infra/**/*.test.ts', 'test/**/*.test.ts']

/** Checks and then runs every test, or runs just the files that are named. Exit code 0 means that all of it passed. */
export async function test(config: Config, args: string[]): Promise<number> {
  const options = args.filter((arg) => arg.startsWith('-'))
  const named = args.filter((arg) => !arg.startsWith('-'))
  const checked = named.length > 0 ? 0 : await check(config)
  const files = testFiles(config.root, named.length > 0 ? named : everywhere)
  if (files.length === 0) {
    say('test', 'no test file was found')
    return 1
  }
  await installClients()
  // Tests share one broker, and a failure has to be readable: one file at a time.
  const runner = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...options, ...files]
  const tested = await withPrivateStack(config, 'test', runner)
  if (checked !== 0) say('test', 'the checks before the tests failed; see their summary above')
  return tested || checked
}

function testFiles(root: string, patterns: string[]): string[] {
  return globSync(patterns, { cwd: root, exclude: ['**/node_modules', '**/.warren'] }).toSorted()
}

/** Tests talk to the broker, and read documents, from Python and from the shell too. Without these packages, such tests skip, aloud. */
async function installClients(): Promise<void> {
  const missing = [
    ...((await imports('pika')) ? [] : ['python3-pika']),
    ...((await imports('prov')) ? [] : ['python3-prov']),
    ...(which('amqp-publish') ? [] : ['amqp-tools']),
    ...(which('mosquitto_sub') ? [] : ['mosquitto-clients']),
  ]
  if (missing.length === 0) return
  if (!canApt()) return say('test', `not installed: ${missing.join(', ')}; the tests that need them will be skipped`)
  const done = begin('test', `installing ${missing.join(', ')} for the tests with foreign clients`)
  try {
    await aptInstall('test', missing)
    done('installed')
  } catch (error) {
    say('test', `${reason(error)}; the tests that need them will be skipped`)
  }
}

async function imports(module: string): Promise<boolean> {
  return await run('/usr/bin/python3', ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  )
}
