import { executor as contract, violations, WarrenError } from '@warren/contracts'
import { readJsonObject } from '../body.ts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { requireJson } from './accept.ts'
import { explain } from './execution.ts'
import { processDocument } from './process-document.ts'
import { requireProcessId } from './processes.ts'

/** What the process is made of; all options have their defaults when there is nothing. */
export const DescriptionRequest = contract.operations.describeProcess.input
  .omit({ processId: true })
  .meta({ id: 'DescriptionRequest' })

/** A process as it is with some options, in the same document as the process itself. */
export function descriptionRoute(app: App, context: Context): void {
  const { executor, config } = context

  app.post('/processes/:id/description', async (c) => {
    requireJson(c.req.header('accept'))
    const processId = requireProcessId(c.req.param('id'))
    const { value } = await readJsonObject(c, config.maxBodyBytes)
    const wish = DescriptionRequest.strict().safeParse(value)
    if (!wish.success) throw new WarrenError('BAD_INPUT', undefined, { errors: violations(wish.error, value) })
    const described = await executor
      .describeProcess({ processId, ...wish.data }, callOptions(c))
      .catch(async (error: unknown) => Promise.reject(await explain(error, processId, context)))
    return c.json(processDocument(described, c.get('base')))
  })
}
