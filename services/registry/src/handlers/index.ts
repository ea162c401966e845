import { announce } from './announce.ts'
import { changeUser } from './changeUser.ts'
import { createUser } from './createUser.ts'
import { describeProcesses } from './describeProcesses.ts'
import { getProcess } from './getProcess.ts'
import { identify } from './identify.ts'
import { listExecutors } from './listExecutors.ts'
import { listOffers } from './listOffers.ts'
import { listProcesses } from './listProcesses.ts'
import { listVersions } from './listVersions.ts'
import { listUsers } from './listUsers.ts'
import { logIn } from './logIn.ts'
import { renew } from './renew.ts'
import { retireVersion } from './retireVersion.ts'
import { withdraw } from './withdraw.ts'

export const handlers = {
  announce,
  renew,
  withdraw,
  listProcesses,
  describeProcesses,
  getProcess,
  listVersions,
  retireVersion,
  listOffers,
  listExecutors,
  createUser,
  listUsers,
  changeUser,
  logIn,
  identify,
}
