import { setTimeout } from 'node:timers/promises'
import { defineProcess } from '@warren/worker'

export default defineProcess({
  id: 'echo',
  version: '1.0.0',
  title: 'Echo',
  description: 'Gives the text back, after a pause or with an error if asked to.',
  inputs: {
    text: { title: 'Text', schema: { type: 'string' } },
    pause: { title: 'Seconds to wait first', schema: { type: 'integer', minimum: 0, default: 0 } },
    fail: { title: 'Fail with this message', schema: { type: 'string' }, minOccurs: 0 },
  },
  outputs: { text: { title: 'The same text', schema: { type: 'string' } } },
  async run({ text, pause, fail }, { signal }) {
    if (pause) await setTimeout(pause * 1000, undefined, { signal })
    if (fail) throw new Error(fail)
    return { text }
  },
})
