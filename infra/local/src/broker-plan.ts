import type { Child } from './child.ts'
import type { Ledger } from './ledger.ts'
import type { Ports } from './ports.ts'

/** Where a broker lives: `dir` keeps its data, so the same folder and ports give the same broker again. */
export type BrokerOptions = { dir: string; ports?: Ports; ledger?: Ledger | undefined; signal?: AbortSignal }

/** A broker whose processes run; it may not answer yet. */
export type StartedBroker = { child: Child; log: string; stop(): Promise<void>; kill(): Promise<void> }

/** What both ways to run a broker need. */
export type BrokerPlan = BrokerOptions & { home: string; ports: Ports; password: string }
