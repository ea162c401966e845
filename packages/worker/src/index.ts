export type { CallOutputs, Context, LogLevel } from './context.ts'
export type {
  InputDeclaration,
  JobControl,
  JsonSchema,
  Limits,
  OutputDeclaration,
  ProcessDeclaration,
  RetryPolicy,
} from './declaration.ts'
export type { Complex, Numbers, Wanted } from './derive.ts'
export type { Failure } from './failure.ts'
export { BadOption, defineParametricProcess, type Grammar, type ParametricProcess } from './grammar.ts'
export { defineProcess, defineProcesses, type Process } from './define.ts'
export type { InputsOf, OutputsOf, Value } from './values.ts'
