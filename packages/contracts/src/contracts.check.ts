/** Type tests: `tsc` reads them, nothing runs them. */
import { z } from 'zod'
import { asyncapi, defineService, executor, openapi, registry, WarrenError, type Service } from './index.ts'

// a service of any shape is a service
const services: readonly Service[] = [registry, executor]
openapi(services, {})
asyncapi(services, {})

// keys, types and literals survive
registry.operations.getProcess.http satisfies 'GET /processes/:id'
executor.operations.execute.raw.reply satisfies true
executor.events.jobFailed.topic satisfies `job.:processId.:jobId.${string}`
type Described = z.infer<typeof registry.operations.getProcess.output>
;({}) as Described satisfies { id: string; offers: number }

// @ts-expect-error no such operation
void registry.operations.getProces

// @ts-expect-error no such code
void new WarrenError('NO_SUCH_THING')

const operation = { summary: '', input: z.object({}), output: z.object({}), errors: [], deadlineMs: 1 } as const

// @ts-expect-error an HTTP form has a method and a path
defineService('test', { operations: { read: { ...operation, http: '/things' } }, events: {} })

// @ts-expect-error errors are codes of the catalogue
defineService('test', { operations: { read: { ...operation, errors: ['OOPS'] } }, events: {} })

// @ts-expect-error a deadline is not optional
defineService('test', { operations: { read: { ...operation, deadlineMs: undefined } }, events: {} })
