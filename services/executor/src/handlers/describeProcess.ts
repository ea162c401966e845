import { executor, pointer } from '@warren/contracts'
import { handle } from '../context.ts'

/** Calls come from a queue for each process, as those of `execute` do. */
export const describeProcess = handle(executor.operations.describeProcess, async ({ input, context, fail }) => {
  const { processId, options = {} } = input
  const grammar = context.grammars.local(processId)
  if (!grammar) throw fail('NO_SUCH_PROCESS', `There is no process "${processId}"`)
  const unknown = Object.keys(options).filter((name) => !grammar.inputs[name]?.option)
  if (unknown.length > 0) {
    const names = Object.keys(grammar.inputs).filter((name) => grammar.inputs[name]?.option)
    throw fail('BAD_INPUT', `The process has no option "${unknown.join('", "')}"`, {
      errors: unknown.map((name) => ({
        pointer: `/options${pointer([name])}`,
        code: 'enum',
        message: 'is no option of this process',
        expected: names,
        got: name,
      })),
    })
  }
  return (grammar.forOptions ? await grammar.forOptions(options, '/options') : grammar).description
})
