import { env } from 'node:process'
import { defineProcess } from '@warren/worker'

export default defineProcess({
  id: 'traced',
  version: '1.0.0',
  title: 'Traced',
  description: 'Gives back what its environment says of the trace that it runs in.',
  inputs: {},
  outputs: { traceparent: { schema: { type: 'string' } } },
  run: async () => ({ traceparent: env['TRACEPARENT'] ?? 'none' }),
})
