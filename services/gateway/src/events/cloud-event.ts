import { executor, type StoredEvent } from '@warren/contracts'
import type { CloudEvent } from '@warren/mesh'
import { z } from 'zod'

/** CloudEvents 1.0, the same as on the broker. */
export const CloudEventDocument = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string(),
    time: z.iso.datetime(),
    datacontenttype: z.literal('application/json'),
    sequence: z.string().optional(),
    data: executor.events.jobStarted.data,
  })
  .meta({ id: 'CloudEvent' })

const SEQUENCE_DIGITS = 20
const events: Readonly<Record<string, { readonly type: string }>> = executor.events

/** A stored event as its subscribers on the broker get it. */
export function toCloudEvent({ seq, event, at, data }: StoredEvent): CloudEvent<StoredEvent['data']> {
  return {
    specversion: '1.0',
    id: String(seq),
    source: `/warren/${executor.name}`,
    type: events[event]?.type ?? event,
    subject: `${data.processId}/${data.jobId}`,
    time: at,
    datacontenttype: 'application/json',
    sequence: String(seq).padStart(SEQUENCE_DIGITS, '0'),
    data,
  }
}
