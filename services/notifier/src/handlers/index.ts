import { createSubscription } from './createSubscription.ts'
import { deleteSubscription } from './deleteSubscription.ts'
import { discardParked } from './discardParked.ts'
import { getSubscription } from './getSubscription.ts'
import { listDeliveries } from './listDeliveries.ts'
import { listParked } from './listParked.ts'
import { listSubscriptions } from './listSubscriptions.ts'
import { redeliver } from './redeliver.ts'
import { replayParked } from './replayParked.ts'

export const handlers = {
  createSubscription,
  listSubscriptions,
  getSubscription,
  deleteSubscription,
  listDeliveries,
  redeliver,
  listParked,
  replayParked,
  discardParked,
}
