import { customType } from 'drizzle-orm/pg-core'

/** Text that is compared byte by byte. The order of plain `text` is the server's locale, in which `a` < `B` < `c`. */
export const ordered = customType<{ data: string }>({ dataType: () => 'text collate "C"' })
