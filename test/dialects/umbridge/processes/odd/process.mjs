// Models at the edges of what UM-Bridge can express.
import { setTimeout } from 'node:timers/promises'
import { defineProcess } from '@warren/worker'

const number = { type: 'number' }
const about = { version: '1.0.0', title: 'Odd', description: 'For tests of a dialect.' }

export const fragile = defineProcess({
  ...about,
  id: 'fragile',
  inputs: { x: { schema: number } },
  outputs: { y: { schema: { ...number, maximum: 1000 } } },
  run({ x }) {
    if (x === 13) process.exit(3)
    if (x < 0) throw new RangeError('no root of a negative number')
    return { y: Math.sqrt(x) }
  },
})

const sleeper = {
  ...about,
  inputs: { seconds: { schema: number } },
  outputs: { seconds: { schema: number } },
  async run({ seconds }) {
    await setTimeout(seconds * 1000)
    return { seconds }
  },
}

export const doze = defineProcess({ ...sleeper, id: 'doze' })
export const hibernate = defineProcess({ ...sleeper, id: 'hibernate', timeoutMs: 3_600_000 })

/** Two vectors to two vectors, and an option: y = scale (a_0 b, a_1 b), z = a_0 a_1 b². */
export const product = defineProcess({
  ...about,
  id: 'product',
  inputs: {
    a: { schema: { type: 'array', items: number, minItems: 2, maxItems: 2 } },
    b: { schema: number },
    note: { schema: { type: 'string' }, minOccurs: 0 },
    scale: { schema: { ...number, default: 1 }, option: true },
  },
  outputs: {
    y: { schema: { type: 'array', items: number, minItems: 2, maxItems: 2 } },
    z: { schema: number },
  },
  run: ({ a: [a_0, a_1], b, scale }) => ({ y: [scale * a_0 * b, scale * a_1 * b], z: a_0 * a_1 * b ** 2 }),
})

export const counter = defineProcess({
  ...about,
  id: 'counter',
  inputs: { n: { schema: { type: 'integer' } } },
  outputs: { next: { schema: { type: 'integer' } } },
  run: ({ n }) => ({ next: n + 1 }),
})

export const needsText = defineProcess({
  ...about,
  id: 'needs-text',
  inputs: { x: { schema: number }, text: { schema: { type: 'string' } } },
  outputs: { x: { schema: number } },
  run: ({ x }) => ({ x }),
})

export const anyLength = defineProcess({
  ...about,
  id: 'any-length',
  inputs: { x: { schema: { type: 'array', items: number } } },
  outputs: { sum: { schema: number } },
  run: ({ x }) => ({ sum: x.reduce((sum, each) => sum + each, 0) }),
})
