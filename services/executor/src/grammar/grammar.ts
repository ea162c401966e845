import type { ProcessDescription, Violation } from '@warren/contracts'
import { findFiles, isFile, isFolder, link, valueOrLink, type FileGrammar } from './files.ts'
import { compileSchema } from './schema.ts'

type Inputs = ProcessDescription['inputs']

/** What a process takes and gives, compiled. */
export interface Grammar {
  readonly description: ProcessDescription
  readonly inputs: Inputs
  /** Everything that is wrong with the inputs; empty when they fit. */
  checkInputs(inputs: Readonly<Record<string, unknown>>): Violation[]
  checkOutputs(outputs: unknown): Violation[]
  readonly outputNames: ReadonlySet<string>
  /** Undefined when it has to do with none: then runs pay nothing for files. */
  readonly files: FileGrammar | undefined
  /**
   * Set if the grammar follows from the options: gives that of the options among these inputs.
   *
   * @param root JSON pointer of what they are members of, inside the request
   * @throws WarrenError BAD_INPUT that says which option is wrong, PROCESS_FAILED, BAD_RESULT
   */
  readonly forOptions?: (inputs: Readonly<Record<string, unknown>>, root: string) => Promise<Grammar>
}

/** @throws Error when a schema of the process is none */
export function compileGrammar(process: ProcessDescription): Grammar {
  const inputNames = Object.keys(process.inputs)
  const checkInputs = compileSchema(
    {
      type: 'object',
      properties: Object.fromEntries(Object.entries(process.inputs).map(([name, input]) => [name, occurrences(input)])),
      required: inputNames.filter((name) => isRequired(process.inputs[name] as Inputs[string])),
      additionalProperties: false,
    },
    '/inputs',
  )
  const checkOutputs = compileSchema(
    {
      type: 'object',
      properties: Object.fromEntries(Object.entries(process.outputs).map(([name, { schema }]) => [name, schema])),
      required: Object.keys(process.outputs),
      additionalProperties: false,
    },
    '/outputs',
  )
  return {
    description: process,
    inputs: process.inputs,
    checkInputs,
    checkOutputs,
    outputNames: new Set(Object.keys(process.outputs)),
    files: findFiles(process),
  }
}

function isRequired({ minOccurs = 1, schema }: Inputs[string]): boolean {
  return minOccurs > 0 && !(typeof schema === 'object' && 'default' in schema)
}

/** OGC API - Processes, 7.11.2: an input that may occur more than once is an array of its values, or one value. */
function occurrences({ schema: declared, minOccurs = 1, maxOccurs = 1 }: Inputs[string]): unknown {
  const schema = isFile(declared) ? valueOrLink : isFolder(declared) ? link : declared
  if (maxOccurs === 1) return schema
  const many = {
    type: 'array',
    items: schema,
    minItems: minOccurs,
    ...(maxOccurs !== 'unbounded' && { maxItems: maxOccurs }),
  }
  return { anyOf: [many, schema] }
}
