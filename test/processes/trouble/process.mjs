// Processes that behave in every way in which a process should not.
import { writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { defineProcess } from '@warren/worker'

const number = { type: 'number' }

/** Sleeps, and does not listen to anybody meanwhile. */
const nap = {
  version: '1.0.0',
  title: 'Nap',
  description: 'Sleeps for some seconds; a request to stop does not wake it.',
  inputs: {
    seconds: { schema: { ...number, default: 0.5 } },
    again: { title: 'Seconds at later attempts', schema: number, minOccurs: 0 },
    pidFile: { title: 'Where to write the id of the process', schema: { type: 'string' }, minOccurs: 0 },
  },
  outputs: { pid: { schema: { type: 'integer' } }, attempt: { schema: { type: 'integer' } } },
  async run({ seconds, again = seconds, pidFile }, { attempt }) {
    if (pidFile) writeFileSync(pidFile, String(process.pid))
    await setTimeout((attempt === 1 ? seconds : again) * 1000)
    return { pid: process.pid, attempt }
  },
}

export const long = defineProcess({ ...nap, id: 'nap' })
export const brief = defineProcess({ ...nap, id: 'brief-nap', timeoutMs: 300 })

const ways = {
  throw: () => {
    throw new RangeError('no root of a negative number')
  },
  exit: () => process.exit(3),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  segfault: () => process.kill(process.pid, 'SIGSEGV'),
  text: () => ({ value: 'seven' }),
  nothing: () => ({}),
  more: () => ({ value: 7, other: 8 }),
  nan: () => ({ value: Number.NaN }),
  infinity: () => ({ value: Number.POSITIVE_INFINITY }),
}

const misbehaviour = {
  version: '1.0.0',
  title: 'Misbehave',
  description: 'Ends in the way it is told to.',
  inputs: { how: { schema: { type: 'string', enum: Object.keys(ways) } } },
  async run({ how }) {
    console.log(`about to ${how}`)
    const value = ways[how]()
    // a signal to oneself needs a moment
    if (value === true) await setTimeout(10_000)
    return value
  },
}

export const misbehave = defineProcess({ ...misbehaviour, id: 'misbehave', outputs: { value: { schema: number } } })
export const limitless = defineProcess({
  ...misbehaviour,
  id: 'limitless',
  outputs: { value: { schema: { ...number, 'warren:nonFinite': true } } },
})
