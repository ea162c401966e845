import { onLines } from './lines.ts'

/** Gives every input back: a line of JSON for a line of JSON. */
onLines(process.stdin, (lines) => {
  const answers = lines.map((line) => {
    const { id, input } = JSON.parse(line) as { id: string; input: { inputs: unknown } }
    return `${JSON.stringify({ id, output: input.inputs })}\n`
  })
  process.stdout.write(answers.join(''))
})
