import type { ProcessDescription } from '@warren/contracts'
import { and, desc, gt, isNull } from 'drizzle-orm'
import type { Context } from './context.ts'
import { processVersions } from './db/schema.ts'

/** A page of the newest versions that are not retired, by id. */
export async function newestProcesses(
  { db }: Pick<Context, 'db'>,
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<{ processes: ProcessDescription[]; next: string | null }> {
  const { id, version, precedence, description, retiredAt } = processVersions
  const rows = await db
    .selectDistinctOn([id], { description })
    .from(processVersions)
    .where(and(isNull(retiredAt), after === undefined ? undefined : gt(id, after)))
    .orderBy(id, desc(precedence), desc(version))
    .limit(limit + 1)
  const processes = rows.slice(0, limit).map(({ description }) => description)
  return { processes, next: rows.length > limit ? (processes.at(-1)?.id ?? null) : null }
}
