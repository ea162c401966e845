/** Rows of a page, read with one more than was asked for, and where the next page begins. */
export function pageOf<Row extends { readonly seq: number }>(
  rows: readonly Row[],
  limit: number,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last ? String(last.seq) : null }
}

export const defaultLimit = 100
