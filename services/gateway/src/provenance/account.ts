import type { Attempt, FileOfJob, Job, Traced } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { RequestContext } from '../env.ts'

/** What is known of how a job came to its end, with absolute URLs. */
export interface Account {
  /** Of absolute URLs, without a slash at its end */
  readonly base: string
  readonly job: Job
  readonly attempts: readonly Attempt[]
  readonly process: { readonly version?: string; readonly digest?: string; readonly title?: string }
  readonly inputs: readonly Traced[]
  readonly outputs: readonly Traced[]
  /** Files that are no output; their names are their paths. */
  readonly kept: readonly Traced[]
}

/** @throws WarrenError NO_SUCH_JOB */
export async function findAccount(c: RequestContext, id: string, { executor, registry }: Context): Promise<Account> {
  const options = callOptions(c)
  const base = c.get('base')
  const { job, attempts, inputs, outputs, files } = await executor.getProvenance({ id }, options)
  const version = job.processVersion
  // a version that is retired is not known any more; then its digest is not either
  const process =
    version === null
      ? undefined
      : await registry.getProcess({ id: job.processId, version }, options).catch(() => undefined)
  return {
    base,
    job,
    attempts,
    process: {
      ...(version !== null && { version }),
      ...(process && { digest: process.digest, title: process.title }),
    },
    inputs: inputs.map((each) => ({ ...each, href: absolute(each.href, base) })),
    outputs: outputs.map((each) => ({ ...each, href: absolute(each.href, base) })),
    kept: files.filter(({ role }) => role === 'kept' || role === 'log').map((file) => traced(file, base)),
  }
}

function traced({ path, sha256, size, type, fileId }: FileOfJob, base: string): Traced {
  return { name: path, sha256, size, type, href: `${base}/files/${fileId}` }
}

function absolute(href: string | null, base: string): string | null {
  return href?.startsWith('/') ? base + href : href
}
