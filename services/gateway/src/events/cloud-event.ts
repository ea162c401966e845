import { executor, type StoredEvent } from '@warren/contracts'
import { toCloudEvent, type CloudEvent } from '@warren/mesh'
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

const { jobTold: _, ...stored } = executor.events
const events: Readonly<Record<string, typeof executor.events.jobStarted | undefined>> = stored

/** A stored event as its subscribers on the broker get it. */
export function cloudEventOf({ seq, event, at, data }: StoredEvent): CloudEvent<StoredEvent['data']> {
  const contract = events[event]
  if (!contract) throw new Error(`there is no event ${event}`)
  return toCloudEvent(contract, data, { id: String(seq), time: at })
}
