import { dismissJob } from './dismissJob.ts'
import { execute } from './execute.ts'
import { getJob } from './getJob.ts'
import { getResults } from './getResults.ts'
import { listJobs } from './listJobs.ts'
import { submit } from './submit.ts'

export const handlers = { dismissJob, execute, getJob, getResults, listJobs, submit }
