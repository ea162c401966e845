export type { CallOutputs, Context } from './context.ts'
export type { InputDeclaration, JobControl, JsonSchema, OutputDeclaration, ProcessDeclaration } from './declaration.ts'
export type { Failure } from './failure.ts'
export { defineProcess, defineProcesses, type InputsOf, type OutputsOf, type Process, type Value } from './define.ts'
