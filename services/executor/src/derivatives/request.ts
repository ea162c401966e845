import { rawJson } from '@warren/contracts'
import type { ReadRequest } from '../grammar/request.ts'
import type { Ask, Probe } from './plan.ts'
import type { Planned } from './planning.ts'
import { printNumbers } from './print.ts'
import { reshape } from './vectors.ts'

/**
 * The request for one probe: that of the job with other values of the inputs that are varied, and with the outputs that
 * are derived, or with what the probe asks for instead of them.
 *
 * @returns JSON text
 */
export function probeRequest(request: ReadRequest, { at, inputs, of }: Planned, { place, ask }: Probe): string {
  const given = new Map(rawJson.members(rawJson.member(request.text, 'inputs') ?? '{}'))
  for (const [name, vector] of Object.entries(place)) {
    if (vector !== at[name]) given.set(name, printNumbers(reshape(inputs[name], vector), ['inputs', name]))
  }
  const outputs = Object.fromEntries((ask ? [] : of).map((name) => [name, {}]))
  const files = rawJson.member(rawJson.member(request.text, 'warren') ?? '{}', 'files')
  return rawJson.object([
    ['processId', JSON.stringify(request.processId)],
    ['inputs', rawJson.object(given)],
    ['outputs', JSON.stringify(outputs)],
    ['warren', printPresent({ files, derive: ask && printAsk(ask) })],
  ])
}

/** JSON text of what the code of a process is asked for; its numbers are floats. */
export function printAsk({ kind, mode, of, wrt, along, sens, step }: Ask): string {
  return printPresent({
    kind: JSON.stringify(kind),
    mode: JSON.stringify(mode),
    of: JSON.stringify(of),
    wrt: JSON.stringify(wrt),
    along: along && printNumbers(along),
    sens: sens && printNumbers(sens),
    step: step === undefined ? undefined : printNumbers(step),
  })
}

function printPresent(members: Readonly<Record<string, string | undefined>>): string {
  return rawJson.object(Object.entries(members).filter((member): member is [string, string] => member[1] !== undefined))
}
