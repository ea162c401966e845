import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { promisify } from 'node:util'
import { pikaPython } from './support/env.ts'
import { createHttp, type Http } from './support/http.ts'
import { startStack, type Stack } from './support/stack.ts'

// Clients that have nothing of ours call the operations as messages.

const clients = join(import.meta.dirname, 'amqp')
const run = promisify(execFile)
const runs = (file: string, ...args: string[]): boolean => spawnSync(file, args).status === 0
const python = pikaPython()
let stack: Stack
let http: Http

before(async () => {
  stack = await startStack()
  http = await createHttp(stack.url)
})

after(() => stack?.close())

it(
  'from Python, by direct reply-to',
  {
    skip:
      !runs(python, '-c', 'import pika') && `${python} has no pika: apt-get install python3-pika, or set WARREN_PIKA`,
  },
  async () => {
    const { stdout } = await run(python, [join(clients, 'execute.py'), stack.amqpUrl], { timeout: 60_000 })
    const { listed, job, ...said } = JSON.parse(stdout) as { listed: string[]; job: { id: string; status: string } }
    for (const id of ['echo', 'heat', 'sellar-mda', 'word-count']) assert.ok(listed.includes(id), id)
    assert.equal(job.status, 'successful')
    assert.deepEqual(said, {
      described: { id: 'echo', inputs: ['fail', 'pause', 'text'] },
      results: { text: 'hi from Python' },
      submitted: 'accepted',
      ended: 'successful',
      jobResults: (said as unknown as { jobResults: unknown }).jobResults,
      failure: {
        error: 'BAD_INPUT',
        status: 400,
        errors: [
          {
            pointer: '/inputs/text',
            code: 'required',
            message: "must have required property 'text'",
            expected: 'a value',
            got: 'nothing',
          },
        ],
      },
    })
    assert.equal((await http(`/jobs/${job.id}`)).json()['status'], 'successful')
  },
)

it(
  'by hand, with amqp-publish and amqp-get',
  { skip: !runs('amqp-publish', '--help') && 'there is no amqp-publish: apt-get install amqp-tools' },
  async () => {
    const { stdout } = await run('sh', [join(clients, 'by-hand.sh'), stack.amqpUrl], { timeout: 60_000 })
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.equal(answers.length, 4, stdout)
    const [results, description, job, problem] = answers as [object, { id: string }, { id: string }, { code: string }]
    assert.deepEqual(results, { text: 'by hand' })
    assert.equal(description.id, 'echo')
    assert.equal((await http(`/jobs/${job.id}`)).status, 200)
    assert.equal(problem.code, 'NO_SUCH_JOB')
  },
)
