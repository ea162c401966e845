import { badResult, dot, mapNames, mapValues, type Sizes, type Vectors } from './vectors.ts'

/** Output → input → rows, one for each component of the output. */
export type Jacobian = Readonly<Record<string, Readonly<Record<string, readonly (readonly number[])[]>>>>

/** Of its columns, one for each component of the inputs in their order. @throws WarrenError BAD_RESULT */
export function ofColumns(columns: readonly Vectors[], outputs: Sizes, inputs: Sizes): Jacobian {
  return mapValues(outputs, (rows, output) => {
    const misfit = columns.find((column) => column[output]?.length !== rows)
    if (misfit) throw badResult(`/outputs/${output}`, `has ${rows} numbers here, and ${misfit[output]?.length} nearby`)
    let first = 0
    return mapValues(inputs, (size) => {
      const mine = columns.slice(first, (first += size))
      return Array.from({ length: rows }, (_, row) => mine.map((column) => column[output]?.[row] as number))
    })
  })
}

/** Of its rows, one for each component of the outputs in their order. */
export function ofRows(rows: readonly Vectors[], outputs: Sizes, inputs: Sizes): Jacobian {
  let first = 0
  return mapValues(outputs, (size) => {
    const mine = rows.slice(first, (first += size))
    return mapNames(Object.keys(inputs), (input) => mine.map((row) => row[input] ?? []))
  })
}

/** The Jacobian times a direction: one vector for each output. */
export function timesAlong(jacobian: Jacobian, along: Vectors): Record<string, number[]> {
  return mapValues(jacobian, (blocks) => {
    const parts = Object.entries(blocks).map(([input, rows]) => rows.map((row) => dot(row, along[input] ?? [])))
    return (parts[0] ?? []).map((_, row) => parts.reduce((sum, part) => sum + (part[row] as number), 0))
  })
}

/** Sensitivities of the outputs times the Jacobian: one vector for each input. */
export function timesSens(sens: Vectors, jacobian: Jacobian, inputs: Sizes): Record<string, number[]> {
  return mapValues(inputs, (size, input) =>
    Array.from({ length: size }, (_, column) =>
      Object.entries(jacobian).reduce((sum, [output, blocks]) => {
        const entries = (blocks[input] ?? []).map((row) => row[column] as number)
        return sum + dot(entries, sens[output] ?? [])
      }, 0),
    ),
  )
}
