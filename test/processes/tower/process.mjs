import { defineProcess } from '@warren/worker'

export default defineProcess({
  id: 'tower',
  version: '1.0.0',
  title: 'Tower',
  description: 'A process that calls itself, floor by floor.',
  inputs: { floors: { schema: { type: 'integer', minimum: 1, maximum: 10 } } },
  outputs: { height: { schema: { type: 'integer' } } },
  async run({ floors }, { call }) {
    if (floors === 1) return { height: 1 }
    const { height } = await call('tower', { floors: floors - 1 })
    return { height: height + 1 }
  },
})
