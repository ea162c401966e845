import { ProcessId, WarrenError } from '@warren/contracts'
import { callOptions } from '../call-options.ts'
import type { Context } from '../context.ts'
import type { App } from '../env.ts'
import { requireJson } from './accept.ts'
import { jsonLink } from './links.ts'
import { processDocument, summaryDocument } from './process-document.ts'
import { badQuery, readLimit, readQuery } from './query.ts'

/** OGC API - Processes - Part 1, 7.9 and 7.10: process list and description. */
export function processRoutes(app: App, { registry }: Context): void {
  app.get('/processes', async (c) => {
    requireJson(c.req.header('accept'))
    const query = readQuery(c, ['limit', 'after'])
    const limit = readLimit(query)
    const after = query.after?.[0]
    if (after !== undefined && !isProcessId(after)) throw badQuery('after', 'must be the id of a process', after)
    const page = await registry.listProcesses({ limit, ...(after && { after }) }, callOptions(c))

    const base = c.get('base')
    const next = page.next === null ? undefined : `${base}/processes?limit=${limit}&after=${page.next}`
    return c.json({
      processes: page.processes.map((process) => summaryDocument(process, base)),
      links: [
        jsonLink('self', `${base}/processes${new URL(c.req.url).search}`, 'This document'),
        jsonLink('up', `${base}/`, 'Landing page'),
        ...(next ? [jsonLink('next', next, 'Next page')] : []),
      ],
    })
  })

  app.get('/processes/:id', async (c) => {
    requireJson(c.req.header('accept'))
    const query = readQuery(c, ['version'])
    const id = requireProcessId(c.req.param('id'))
    const version = query.version?.[0]
    const process = await registry.getProcess({ id, ...(version && { version }) }, callOptions(c))
    return c.json(processDocument(process, c.get('base')))
  })
}

/** @throws WarrenError NO_SUCH_PROCESS on what can be no id */
export function requireProcessId(id: string): string {
  if (isProcessId(id)) return id
  throw new WarrenError('NO_SUCH_PROCESS', `There is no process "${id.slice(0, 100)}"`)
}

export function isProcessId(id: string): boolean {
  return ProcessId.safeParse(id).success
}
