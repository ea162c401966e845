import { registry } from '@warren/contracts'
import { and, desc, gt, isNull } from 'drizzle-orm'
import { handle } from '../context.ts'
import { processVersions } from '../db/schema.ts'
import { summaryOf } from '../summary.ts'

const defaultLimit = 1_000

export const listProcesses = handle(registry.operations.listProcesses, async ({ input, context }) => {
  const { limit = defaultLimit, after } = input
  const { id, version, precedence, description, retiredAt } = processVersions
  const rows = await context.db
    .selectDistinctOn([id], { description })
    .from(processVersions)
    .where(and(isNull(retiredAt), after === undefined ? undefined : gt(id, after)))
    .orderBy(id, desc(precedence), desc(version))
    .limit(limit + 1)
  const processes = rows.slice(0, limit).map(({ description }) => summaryOf(description))
  return { processes, next: rows.length > limit ? (processes.at(-1)?.id ?? null) : null }
})
