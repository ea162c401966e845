// What is run while everything fails: short and long, and each with a result that can be told from every other.
import { setTimeout } from 'node:timers/promises'
import { defineProcess } from '@warren/worker'

const text = { title: 'Text', schema: { type: 'string' } }

export const say = defineProcess({
  id: 'say',
  version: '1.0.0',
  title: 'Say',
  description: 'Gives the text back.',
  inputs: { text },
  outputs: { text },
  run: async ({ text }) => ({ text }),
})

export const walk = defineProcess({
  id: 'walk',
  version: '1.0.0',
  title: 'Walk',
  description: 'Takes a number of steps of 50 ms and says how far it is.',
  inputs: { text, steps: { title: 'Steps', schema: { type: 'integer', minimum: 1 } } },
  outputs: { text, sum: { title: 'Sum of the steps', schema: { type: 'integer' } } },
  async run({ text, steps }, { progress }) {
    let sum = 0
    for (let step = 1; step <= steps; step++) {
      await setTimeout(50)
      sum += step
      progress((100 * step) / steps)
    }
    return { text, sum }
  },
})
