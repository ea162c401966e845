/**
 * Settings of a connection whose statements touch few rows each, by key. Statistics lag behind a table that grows by
 * thousands of rows a second, and a plan made while it was small, or without any, reads all of it; so the planner is not
 * given the choice.
 */
export const byIndex = {
  enable_seqscan: 'off',
  // unlike a plain scan, a bitmap scan does not mark what is dead: entries of jobs that are over are read again and again
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
  jit: 'off',
} as const
