import type { Context } from '../context.ts'

export type Transaction = Parameters<Parameters<Context['db']['transaction']>[0]>[0]
