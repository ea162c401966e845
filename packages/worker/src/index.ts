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
export type { Failure } from './failure.ts'
export { defineProcess, defineProcesses, type InputsOf, type OutputsOf, type Process, type Value } from './define.ts'
