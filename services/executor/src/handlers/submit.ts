import { executor, type Job } from '@warren/contracts'
import { handle } from '../context.ts'
import { resolveReferences } from '../grammar/references.ts'
import { prepareInputs, readRequest } from '../grammar/request.ts'
import { jobIdOf } from '../jobs/identity.ts'
import { waitingFor } from '../jobs/read.ts'
import { findSame } from '../jobs/same.ts'
import type { NewJob } from '../jobs/sql/insert-jobs.ts'

/** A job that says nothing about it is waited for so long: 7 days. */
const LONGEST_MS = 7 * 86_400_000

export const submit = handle(executor.operations.submit, async (call): Promise<Job> => {
  const { input, context, principal, traceparent = null } = call
  const read = readRequest(input)
  const found = await context.grammars.find(read.processId)
  const grammar = found.forOptions ? await found.forOptions(read.inputs, '/inputs') : found
  const request = await resolveReferences(read, grammar, {
    policy: context.config.references,
    files: context.files,
    owner: principal,
  })
  prepareInputs(request, grammar) // for its errors: nothing that cannot run is stored
  await context.backlog.admit(principal)
  const id = jobIdOf(call)
  const state = request.start === false ? 'created' : 'queued'
  const deadline = Date.now() + (request.timeoutMs ?? LONGEST_MS)
  const job: NewJob = {
    id,
    process_id: request.processId,
    process_version: null,
    owner: principal,
    mode: 'async',
    state,
    priority: request.priority ?? 0,
    attempt: 0,
    attempts_most: context.config.attempts,
    request: request.text,
    results: null,
    problem: null,
    executor_id: null,
    notify: request.notify,
    traceparent,
    lease_ms: null,
    deadline,
    age_ms: 0,
    series: request.series,
  }
  const stored = await context.arrivals.store(job, request.files.length > 0)
  if (stored === null) return findSame(context.db, id, { owner: principal, request: request.text })
  const now = stored.at.toISOString()
  return {
    id,
    processId: request.processId,
    processVersion: null,
    owner: principal,
    mode: 'async',
    state,
    desired: 'run',
    pausedAs: null,
    hasCheckpoint: false,
    status: 'accepted',
    progress: 0,
    message: null,
    attempt: 0,
    executorId: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    updatedAt: now,
    deadlineAt: new Date(deadline).toISOString(),
    problem: null,
    waitingFor: waitingFor({ state, desired: 'run', runAfter: null }),
    series: request.series ?? null,
    number: stored.number ?? null,
  }
})
