import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostEnvironment } from './hosts.ts'
import { interpreterOf } from './interpreter.ts'
import { env, folderWith } from './testing.ts'

const given = hostEnvironment(env)

test('a script in the place of Python is asked once, and what it leads to is used', async () => {
  const folder = folderWith({ python: '#!/bin/sh\nexec python3 "$@"\n' })
  chmodSync(join(folder, 'python'), 0o755)
  const real = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
  assert.equal(await interpreterOf(join(folder, 'python'), given), real)
})

test('a command that is not there, or says nothing, stays as it is', async () => {
  const missing = join(folderWith(), 'python')
  assert.equal(await interpreterOf(missing, given), missing)
  assert.equal(await interpreterOf('true', given), 'true')
})
