import { FileId, WarrenError } from '@warren/contracts'
import type { z } from 'zod'
import type { RequestContext } from '../env.ts'

/** @throws WarrenError BAD_QUERY naming the parameter that does not fit */
export function readQuery<Shape extends z.ZodObject>(c: RequestContext, shape: Shape): z.infer<Shape> {
  const { success, data, error } = shape.safeParse(c.req.query())
  if (success) return data
  const [issue] = error.issues
  throw new WarrenError('BAD_QUERY', `${issue?.path.join('.')}: ${issue?.message}`)
}

/** @throws WarrenError NO_SUCH_FILE when it cannot be the id of one */
export function readId(text: string): string {
  if (FileId.safeParse(text).success) return text
  throw new WarrenError('NO_SUCH_FILE', `"${text}" is no id of a file`)
}

export function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length')
  return length === null ? undefined : Number(length)
}
