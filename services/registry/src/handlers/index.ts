import { announce } from './announce.ts'
import { getProcess } from './getProcess.ts'
import { listExecutors } from './listExecutors.ts'
import { listOffers } from './listOffers.ts'
import { listProcesses } from './listProcesses.ts'
import { listVersions } from './listVersions.ts'
import { renew } from './renew.ts'
import { retireVersion } from './retireVersion.ts'
import { withdraw } from './withdraw.ts'

export const handlers = {
  announce,
  renew,
  withdraw,
  listProcesses,
  getProcess,
  listVersions,
  retireVersion,
  listOffers,
  listExecutors,
}
