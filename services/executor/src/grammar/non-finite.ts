const values = { enum: ['NaN', 'Infinity', '-Infinity'] }

type Schema = Readonly<Record<string, unknown>>

/** Where a schema says `"warren:nonFinite": true`, the values that JSON has no numbers for come as strings. */
export function admitNonFinite(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema
  const copy: Record<string, unknown> = { ...schema }
  if ('items' in copy) copy['items'] = admitNonFinite(copy['items'])
  if (Array.isArray(copy['prefixItems'])) copy['prefixItems'] = copy['prefixItems'].map(admitNonFinite)
  if (typeof copy['properties'] === 'object' && copy['properties'] !== null) {
    const properties = Object.entries(copy['properties'] as Schema)
    copy['properties'] = Object.fromEntries(properties.map(([name, inner]) => [name, admitNonFinite(inner)]))
  }
  return copy['warren:nonFinite'] === true ? { if: values, else: copy } : copy
}
