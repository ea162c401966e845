import type { Mesh } from '@warren/mesh'
import type { Sql } from 'postgres'
import type { Outcome } from './webhooks/post.ts'

/** Counts a try: how long it took and what became of it. */
export type CountTry = (subscriptionId: string | null, ms: number, outcome: Outcome) => void

export function measureWebhooks({ metrics }: Pick<Mesh, 'metrics'>, sql: Sql): CountTry {
  metrics.measure(
    {
      waiting: { name: 'warren_webhooks_waiting', help: 'Webhooks that are to be sent, now or later' },
      overdue: {
        name: 'warren_webhooks_overdue_seconds',
        help: 'How long the one has been due that is due the longest',
      },
      parked: { name: 'warren_parked_messages', help: 'Messages that nobody could handle' },
    },
    async () => {
      const [row] = await sql<{ waiting: number; overdue: number; parked: number }[]>`
select count(*)::int as waiting, greatest(extract(epoch from now() - min(next_at)), 0)::float8 as overdue,
  (select count(*)::int from notifier.parked) as parked
from notifier.deliveries where state = 'pending'`
      return { ...row, overdue: row?.overdue ?? 0 }
    },
  )
  const meters = metrics.meters({
    name: 'warren_webhook_attempt',
    what: 'Webhooks tried',
    label: 'receiver',
    outcome: 'outcome',
  })
  const [standing, ofJobs] = [meters('subscription'), meters('job')]
  return (subscriptionId, ms, { delivered, status }) => {
    const meter = subscriptionId === null ? ofJobs : standing
    meter.done(ms, delivered ? 'delivered' : (status?.toString() ?? 'no answer'))
  }
}
