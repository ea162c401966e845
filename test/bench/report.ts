/** One measured figure, and what it is compared with. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same measure of the floor in the same run. */
  readonly floor?: number
  /** value / floor */
  readonly ratio?: number
  /** What has to be reached: at least, or at most. */
  readonly goal?: Goal
}

export interface Goal {
  readonly least?: number
  readonly most?: number
}

export interface Report {
  figure(figure: Figure): void
  note(text: string): void
  /** Names of the figures that miss their goal. */
  missed(): string[]
}

export function createReport(json: boolean): Report {
  const missed: string[] = []
  return { figure, note, missed: () => missed }

  function figure(figure: Figure): void {
    const { name, value, unit, floor, goal } = figure
    const ratio = floor === undefined ? undefined : value / floor
    const compared = ratio ?? value
    const met = compared >= (goal?.least ?? -Infinity) && compared <= (goal?.most ?? Infinity)
    if (goal && !met) missed.push(name)
    if (json) {
      print(JSON.stringify({ name, value: round(value), unit, floor: round(floor), ratio: round(ratio) }))
      return
    }
    const parts = [name.padEnd(28), `${round(value)} ${unit}`.padStart(16)]
    if (ratio !== undefined) parts.push(`${round(ratio)} × floor`.padStart(16))
    if (goal)
      parts.push(`${met ? 'ok' : 'MISSED'} (${goal.least === undefined ? `≤ ${goal.most}` : `≥ ${goal.least}`})`)
    print(parts.join('  '))
  }

  function note(text: string): void {
    if (!json) print(text)
  }
}

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value.toPrecision(3))
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
