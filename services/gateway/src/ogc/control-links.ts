import { actionsOf, type ControlAction, type Job } from '@warren/contracts'
import type { Link } from './links.ts'

const titles: Record<ControlAction, string> = {
  start: 'Start it',
  pause: 'Let it rest',
  resume: 'Let it go on',
  stop: 'Stop it',
  extend: 'Move its deadline',
  close: 'Put it away',
}

/** What may be asked of a job now, as links (2.0: with a method). */
export function controlLinks(job: Job, self: string, base: string): Link[] {
  return actionsOf(job).map((action) => ({
    href: `${self}/control`,
    rel: `${base}/rel/${action}`,
    type: 'application/json',
    title: titles[action],
    method: 'POST',
  }))
}
