import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { execute, isFinal, until, type StatusInfo } from './client.ts'

const here = import.meta.dirname
const stack = await startStack({ processes: [join(here, 'processes'), join(here, '../../processes')] })
after(() => stack.close())
const http = await createHttp(stack.url)

const cells = [
  ['sync-only', undefined, 200, null],
  ['sync-only', 'respond-async', 200, null],
  ['sync-only', 'respond-async, wait=20', 200, null],
  ['async-only', undefined, 201, null],
  ['async-only', 'respond-async', 201, 'respond-async'],
  ['async-only', 'respond-async, wait=20', 201, 'respond-async'],
  ['word-count', undefined, 200, null],
  ['word-count', 'respond-async', 201, 'respond-async'],
  ['word-count', 'respond-async, wait=20', 200, 'respond-async, wait=20'],
] as const

describe('req/core: the nine cells of the execution mode', () => {
  for (const [id, prefer, status, applied] of cells) {
    it(`${id} with ${prefer ?? 'no Prefer'} answers ${status}`, async () => {
      const answer = await execute(http, id, { inputs: { text: 'seven b' } }, prefer ? { prefer } : {})
      assert.deepEqual([answer.status, answer.headers.get('preference-applied')], [status, applied], answer.text)
      if (status === 200) {
        assert.equal(answer.json().bytes, 7)
        return
      }
      const { jobID } = answer.json<StatusInfo>()
      assert.equal((await until(http, jobID, isFinal)).status, 'successful')
      assert.equal((await http(`/jobs/${jobID}/results`)).json().bytes, 7)
    })
  }
})
