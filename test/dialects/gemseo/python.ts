/** A value as Python has it: a float is a number, an int a bigint, so that one cannot pass for the other. */
export type Value = number | bigint | string | boolean | null | Value[] | { [name: string]: Value }

/** `json.loads`, with `NaN` and `Infinity` left out. */
export function loads(text: string): Value {
  return JSON.parse(text, (_, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context?.source as string) : value,
  ) as Value
}

/** `json.dumps(value, ensure_ascii=False, separators=(",", ":"))`, as httpx calls it. */
export function dumps(value: Value): string {
  if (typeof value === 'number') return floatText(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(dumps).join(',')}]`
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${dumps(member)}`)
    .join(',')}}`
}

/** `repr` of a float: 1.0, 1e-07 */
function floatText(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('Out of range float values are not JSON compliant')
  const text = String(value).replace(/e([+-])(\d)$/, 'e$10$2')
  return /[.e]/.test(text) ? text : `${text}.0`
}

/** Numbers of a value as NumPy would have them, flat. @throws TypeError on integers, which would make an integer array */
export function floats(value: Value | undefined): number[] {
  if (Array.isArray(value)) return value.flatMap(floats)
  if (typeof value === 'number') return [value]
  throw new TypeError(
    `no float: ${JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `int ${inner}` : inner))}`,
  )
}
