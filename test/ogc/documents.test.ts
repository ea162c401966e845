import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'

const stack = await startStack()
const folder = await mkdtemp(join(tmpdir(), 'warren-documents-'))
after(() => stack.close())
after(() => rm(folder, { recursive: true }))
const http = await createHttp(stack.url)

describe('req/oas30: the documents are valid', () => {
  for (const path of ['/api', '/openapi.json', '/asyncapi.json']) {
    it(path, async () => {
      const file = join(folder, `${path.slice(1).replace('.json', '')}.json`)
      await writeFile(file, (await http(path)).text)
      const redocly = join(import.meta.dirname, '../node_modules/.bin/redocly')
      // oxlint-disable-next-line node/no-process-env -- PATH for the interpreter; and no telemetry
      const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
      await promisify(execFile)(redocly, ['lint', file, '--format=stylish'], { cwd: folder, env }).catch(
        ({ stdout, stderr }: { stdout: string; stderr: string }) => assert.fail(`${stdout}\n${stderr}`),
      )
    })
  }

  it('/docs needs nothing from other hosts', async () => {
    const { text } = await http('/docs')
    assert.doesNotMatch(text, /(src|href)="https?:/)
    const [, script = ''] = /<script[^>]*src="([^"]+)"/.exec(text) ?? []
    assert.equal((await http(script)).status, 200)
  })
})
