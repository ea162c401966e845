import { z } from 'zod'

export type Schema = Record<string, unknown>

export interface SchemaBook {
  /** The schema, or a reference to it when it has a name (`meta({ id })`); named parts are put into `named`. */
  schema(type: z.ZodType, io?: 'input' | 'output'): Schema
  readonly named: Record<string, Schema>
}

/** Collects the schemas of one document, so that what has a name is written once, under `pointer`. */
export function createSchemaBook(pointer: string): SchemaBook {
  const named: Record<string, Schema> = {}

  function schema(type: z.ZodType, io: 'input' | 'output' = 'output'): Schema {
    const { $schema: _, $defs, ...root } = z.toJSONSchema(type, { io, override: plain }) as Schema
    for (const [name, part] of Object.entries(($defs as Record<string, Schema> | undefined) ?? {})) keep(name, part)
    const { id, ...rest } = root
    if (typeof id !== 'string' || z.globalRegistry.get(type)?.id !== id) return pointed(root) as Schema
    keep(id, rest)
    return { $ref: `${pointer}${id}` }
  }

  function keep(name: string, part: Schema): void {
    const { id: _, ...rest } = part
    named[name] ??= pointed(rest) as Schema
  }

  function pointed(node: unknown): unknown {
    if (Array.isArray(node)) return node.map(pointed)
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', pointer) : pointed(value),
      ]),
    )
  }

  return { schema, named }
}

/** Leaves out what says nothing to a reader: the bounds of safe integers and zod's pattern beside a format. */
function plain({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
}
