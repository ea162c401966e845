import { defineConfig } from 'drizzle-kit'

/** `CREATE SCHEMA` was made `IF NOT EXISTS` by hand in the first migration: the migrator's own table is there before. */
export default defineConfig({
  dialect: 'postgresql',
  casing: 'snake_case',
  schema: './src/db/schema.ts',
  out: './drizzle',
})
