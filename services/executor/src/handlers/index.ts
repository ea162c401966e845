import { controlJob } from './controlJob.ts'
import { describeProcess } from './describeProcess.ts'
import { dismissJob } from './dismissJob.ts'
import { execute } from './execute.ts'
import { findJob } from './findJob.ts'
import { getJob } from './getJob.ts'
import { getProvenance } from './getProvenance.ts'
import { getRequest } from './getRequest.ts'
import { getResults } from './getResults.ts'
import { getSubscriber } from './getSubscriber.ts'
import { listAttempts } from './listAttempts.ts'
import { listEvents } from './listEvents.ts'
import { listFiles } from './listFiles.ts'
import { listJobs } from './listJobs.ts'
import { listRecords } from './listRecords.ts'
import { submit } from './submit.ts'

export const handlers = {
  controlJob,
  describeProcess,
  dismissJob,
  execute,
  findJob,
  getJob,
  getProvenance,
  getRequest,
  getResults,
  getSubscriber,
  listAttempts,
  listEvents,
  listFiles,
  listJobs,
  listRecords,
  submit,
}
