import { executor, type Job } from '@warren/contracts'
import { nanoid } from 'nanoid'
import { handle } from '../context.ts'
import { resolveReferences } from '../grammar/references.ts'
import { prepareInputs, readRequest } from '../grammar/request.ts'

export const submit = handle(executor.operations.submit, async ({ input, context, principal }): Promise<Job> => {
  const read = readRequest(input)
  const grammar = await context.grammars.find(read.processId)
  const request = await resolveReferences(read, grammar, context.config.references)
  prepareInputs(request, grammar) // for its errors: nothing that cannot run is stored
  const id = nanoid()
  const deadline = request.timeoutMs === undefined ? null : Date.now() + request.timeoutMs
  const at = await context.ledger.insert({
    id,
    process_id: request.processId,
    process_version: null,
    owner: principal,
    mode: 'async',
    state: 'queued',
    priority: request.priority ?? 0,
    attempt: 0,
    attempts_most: context.config.attempts,
    request: request.text,
    results: null,
    problem: null,
    executor_id: null,
    lease_ms: null,
    deadline,
    age_ms: 0,
    event: 'jobAccepted',
  })
  const now = at.toISOString()
  return {
    id,
    processId: request.processId,
    processVersion: null,
    owner: principal,
    mode: 'async',
    state: 'queued',
    status: 'accepted',
    progress: 0,
    message: null,
    attempt: 0,
    executorId: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
    updatedAt: now,
    deadlineAt: deadline === null ? null : new Date(deadline).toISOString(),
    problem: null,
    waitingFor: 'a free slot of an executor that offers the process',
  }
})
