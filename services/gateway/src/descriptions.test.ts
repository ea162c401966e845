import { WarrenError } from '@warren/contracts'
import assert from 'node:assert/strict'
import { it, mock } from 'node:test'
import { createDescriptions } from './descriptions.ts'
import { echo, fakeContext } from './support/fake-context.ts'

function build(answers: (() => Promise<typeof echo & { offers: number }>)[]): {
  descriptions: ReturnType<typeof createDescriptions>
  asked: () => number
  publish: () => void
} {
  let asked = 0
  const heard: (() => void)[] = []
  const getProcess = (): Promise<typeof echo & { offers: number }> => {
    return (answers[Math.min(asked++, answers.length - 1)] as (typeof answers)[number])()
  }
  const { registry } = fakeContext({ registry: { getProcess } })
  const live = {
    watch: async (subject: string, tell: (name: string, data: unknown) => void) => {
      assert.equal(subject, 'process.echo')
      heard.push(() => tell('published', {}))
      return () => undefined
    },
  }
  return {
    descriptions: createDescriptions(registry, live),
    asked: () => asked,
    publish: () => {
      for (const tell of heard) tell()
      assert.equal(heard.length, 1, 'one watcher, however often it changes')
    },
  }
}

const found = async (): Promise<typeof echo & { offers: number }> => ({ ...echo, offers: 1 })
const gone = (): Promise<never> => Promise.reject(new WarrenError('NO_SUCH_PROCESS'))
const away = (): Promise<never> => Promise.reject(new WarrenError('TIMEOUT'))

it('asks once for many, and again after the process changed', async () => {
  const { descriptions, asked, publish } = build([found])
  await Promise.all([descriptions.find('echo'), descriptions.find('echo')])
  await descriptions.find('echo')
  assert.equal(asked(), 1)
  publish()
  await descriptions.find('echo')
  publish()
  await descriptions.find('echo')
  assert.equal(asked(), 3)
})

it('serves an old one while it asks anew, and forgets a process that is gone', async () => {
  mock.timers.enable({ apis: ['Date'] })
  const { descriptions, asked } = build([found, gone])
  await descriptions.find('echo')
  mock.timers.tick(60_000)
  assert.equal((await descriptions.find('echo'))?.id, 'echo')
  assert.equal(asked(), 2)
  await assert.rejects(descriptions.find('echo'), { code: 'NO_SUCH_PROCESS' })
  mock.timers.reset()
})

it('knows what it knew while the registry is away, and nothing of others', async () => {
  const { descriptions } = build([found, away])
  await descriptions.find('echo')
  assert.equal((await descriptions.ask('echo'))?.id, 'echo')
  assert.equal(await build([away]).descriptions.find('echo'), undefined)
})
