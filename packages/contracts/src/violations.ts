import type { Violation } from './errors.ts'
import type { z } from 'zod'

/** What zod found wrong, in our terms. */
export function violations(error: z.ZodError, value: unknown): Violation[] {
  return error.issues.map((issue) => ({
    pointer: pointer(issue.path),
    code: issue.code,
    message: issue.message,
    ...('expected' in issue && { expected: issue.expected }),
    got: brief(
      issue.path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value),
    ),
  }))
}

/** JSON pointer (RFC 6901, section 3) of a path of names and indices. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** What came, short enough for an error text. */
export function brief(value: unknown): unknown {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' && value.length > 100 ? `${value.slice(0, 100)}…` : value
}
