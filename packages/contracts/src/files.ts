import { defineService } from './operation.ts'

/** Bytes travel over the stream tunnel, which this service is an app of; it has no operations of the call kind yet. */
export const files = defineService('files', { operations: {}, events: {} })
