import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { execute } from './client.ts'

const stack = await startStack()
after(() => stack.close())
const http = await createHttp(stack.url)

it('a process that no executor offers any more: 503 at once, 404 for one that never was', async () => {
  assert.equal((await execute(http, 'echo', { inputs: { text: 'hi' } })).status, 200)
  await stack.signal('executor', 'SIGTERM')
  const startedAt = performance.now()
  const answer = await execute(http, 'echo', { inputs: { text: 'hi' } })
  const ms = performance.now() - startedAt
  assert.equal(answer.status, 503, answer.text)
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
  assert.ok(ms < 50, `${ms} ms`)
  assert.equal((await execute(http, 'no-such-process', { inputs: {} })).status, 404)
  await wait(600) // the report is kept for half a second
  const ready = await http('/readyz')
  assert.equal(ready.status, 503)
  assert.match(ready.json<{ waitingFor: string[] }>().waitingFor.join(), /executor/)
})
