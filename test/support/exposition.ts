import assert from 'node:assert/strict'

/** A sample of an exposition, with its labels in the order in which they came. */
export interface Sampled {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Exposition {
  readonly samples: readonly Sampled[]
  /** Family → type */
  readonly types: ReadonlyMap<string, string>
  /** The values of those samples that have all of these labels. */
  values(name: string, labels?: Readonly<Record<string, string>>): number[]
}

const types = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped'])
const suffixes = ['_bucket', '_sum', '_count']

/**
 * Reads Prometheus text format 0.0.4 and fails on whatever does not fit it: a line that is none, a family that is
 * described twice or after its samples, or whose samples are scattered, a sample that comes twice, a histogram whose
 * buckets fall or do not end with its count.
 */
export function readExposition(text: string): Exposition {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const described = new Map<string, Set<string>>()
  const types_ = new Map<string, string>()
  const samples: Sampled[] = []
  const families: string[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
    if (comment) {
      const [, what = '', name = '', rest = ''] = comment
      const known = described.get(name) ?? new Set()
      described.set(name, known.add(what))
      assert.ok(!families.includes(name), `${line}: after samples of the family`)
      if (what === 'TYPE') {
        assert.ok(types.has(rest) && !types_.has(name), line)
        types_.set(name, rest)
      }
      continue
    }
    const sample = readSample(line)
    const family = familyOf(sample.name, types_)
    assert.deepEqual([...(described.get(family) ?? [])].toSorted(), ['HELP', 'TYPE'], `${line}: not described`)
    if (families.at(-1) !== family) {
      assert.ok(!families.includes(family), `${line}: the samples of ${family} are scattered`)
      families.push(family)
    }
    samples.push(sample)
  }
  const ids = samples.map(({ name, labels }) => idOf(name, labels))
  assert.equal(new Set(ids).size, ids.length, 'no sample comes twice')
  for (const [name, type] of types_) if (type === 'histogram') checkHistogram(name, samples)
  return {
    samples,
    types: types_,
    values: (name, labels = {}) =>
      samples
        .filter((sample) => sample.name === name)
        .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
        .map(({ value }) => value),
  }
}

function readSample(line: string): Sampled {
  const [, name = '', inner = '', value = ''] =
    /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(`not a sample: ${line}`)
  const labels: Record<string, string> = {}
  let rest = inner
  while (rest !== '') {
    const [all, label = '', text = ''] =
      /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest) ?? assert.fail(`not labels: ${line}`)
    assert.ok(!(label in labels), `${line}: ${label} comes twice`)
    labels[label] = text
    rest = rest.slice(all.length)
  }
  return { name, labels, value: readValue(value, line) }
}

function readValue(text: string, line: string): number {
  if (text === '+Inf') return Infinity
  assert.match(text, /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i, `${line}: not a number`)
  return Number(text)
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const suffix = suffixes.find((end) => name.endsWith(end))
  const base = suffix ? name.slice(0, -suffix.length) : name
  return types.get(base) === 'histogram' ? base : name
}

function checkHistogram(name: string, samples: readonly Sampled[]): void {
  const series = Map.groupBy(
    samples.filter((sample) => familyOf(sample.name, new Map([[name, 'histogram']])) === name),
    ({ labels }) => idOf(name, { ...labels, le: '' }),
  )
  for (const [id, all] of series) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => readValue(labels['le'] ?? '', id))
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${id}: bounds rise`,
    )
    assert.equal(bounds.at(-1), Infinity, id)
    for (const [i, { value }] of buckets.entries())
      assert.ok(value >= (buckets[i - 1]?.value ?? 0), `${id}: buckets rise`)
    const one = (end: string): number =>
      all.find((sample) => sample.name === name + end)?.value ?? assert.fail(id + end)
    assert.equal(buckets.at(-1)?.value, one('_count'), id)
    assert.ok(one('_sum') >= 0, id)
  }
}

function idOf(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`
}
