type Node = Record<string, unknown>

/** What the down-conversion leaves behind of 3.1: `null` among alternatives, numeric exclusive bounds, `const`. */
export function toOas30(document: object): object {
  return convert(document) as object
}

function convert(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(convert)
  if (typeof node !== 'object' || node === null) return node
  const result: Node = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, convert(value)]))
  for (const [exclusive, inclusive] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (typeof result[exclusive] !== 'number') continue
    result[inclusive] = result[exclusive]
    result[exclusive] = true
  }
  if (Array.isArray(result.anyOf)) return withoutNull(result, result.anyOf)
  return result
}

function withoutNull(node: Node, alternatives: readonly unknown[]): Node {
  const left = alternatives.filter((part) => (part as Node).type !== 'null') as Node[]
  if (left.length === alternatives.length) return node
  const { anyOf: _, ...rest } = node
  const [only, ...more] = left
  // `nullable` counts only beside a `type`
  const nullable = (part: Node): Node => ('type' in part ? { ...part, nullable: true } : part)
  if (more.length > 0 || !only) return { ...rest, anyOf: left.map(nullable) }
  return '$ref' in only ? { ...rest, allOf: [only], nullable: true } : { ...only, ...rest, nullable: true }
}
