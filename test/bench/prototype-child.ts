/** Gives every input back: a line of JSON for a line of JSON. */
let rest = ''
process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n')
  rest = lines.pop() ?? ''
  const answers = lines.map((line) => {
    const { id, input } = JSON.parse(line) as { id: string; input: { inputs: unknown } }
    return `${JSON.stringify({ id, output: input.inputs })}\n`
  })
  process.stdout.write(answers.join(''))
})
