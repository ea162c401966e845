import type { ProcessVersion } from '@warren/contracts'
import type { z } from 'zod'
import { processVersions } from './db/schema.ts'

const { version, digest, publishedAt, retiredAt } = processVersions

export const versionColumns = { version, digest, publishedAt, retiredAt }

type VersionRow = Pick<typeof processVersions.$inferSelect, keyof typeof versionColumns>

/** A version as the contract shows it. */
export function versionOf({ version, digest, publishedAt, retiredAt }: VersionRow): z.infer<typeof ProcessVersion> {
  return { version, digest, publishedAt: publishedAt.toISOString(), retiredAt: retiredAt?.toISOString() ?? null }
}
