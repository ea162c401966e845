import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually } from '../support/wait.ts'
import type { Fault, ServiceName } from './plan.ts'
import type { Random } from './random.ts'
import type { ChaosStack } from './stack.ts'

/** A fault as it happened; epoch ms. */
export interface Done {
  readonly fault: Fault
  readonly beganAt: number
  /** What was broken works again from here on, as far as we are concerned. */
  readonly endedAt: number
  /** It could not be done: there was nothing to break. */
  readonly missed?: true
}

export interface Faults {
  readonly done: readonly Done[]
  /** Breaks it, when whatever broke the same target before is over. */
  inflict(fault: Fault): void
  /** Waits until all of it is over. */
  over(): Promise<void>
}

const PORT_MS = 90_000

export function createFaults(stack: ChaosStack, random: Random): Faults {
  const done: Done[] = []
  const last = new Map<string, Promise<void>>()
  return { done, inflict, over: async () => void (await Promise.all(last.values())) }

  /** One at a time for each target; a wire is a target of its own. */
  function inflict(fault: Fault): void {
    const key = `${fault.target}/${fault.wire ?? ''}`
    last.set(
      key,
      (last.get(key) ?? Promise.resolve()).then(() => breakIt(fault)),
    )
  }

  async function breakIt(fault: Fault): Promise<void> {
    const beganAt = Date.now()
    const missed = (await perform(fault)) === false
    done.push({ fault, beganAt, endedAt: endsEarlier.get(fault) ?? Date.now(), ...(missed && { missed }) })
  }

  function perform(fault: Fault): Promise<boolean | void> {
    if (fault.kind === 'alarm') return raiseAlarm(fault)
    if (fault.target === 'broker') return restartBroker(fault)
    if (fault.target === 'database') return restartDatabase(fault)
    if (fault.wire) return hurtWire(fault, fault.target)
    if (fault.kind === 'kill') return restart(fault, fault.target)
    if (fault.kind === 'kill runner') return killRunner(fault.target)
    return freeze(fault, fault.target)
  }

  async function restart({ forMs }: Fault, target: ServiceName): Promise<void> {
    await stack.kill(target)
    await wait(forMs)
    stack.start(target)
  }

  async function freeze({ forMs }: Fault, target: ServiceName): Promise<boolean> {
    const pid = stack.pid(target)
    if (pid === undefined || !signal(pid, 'SIGSTOP')) return false
    await wait(forMs)
    return signal(pid, 'SIGCONT')
  }

  /** One of the processes in which user code runs, if there is one now. */
  async function killRunner(target: ServiceName): Promise<boolean> {
    const pid = stack.pid(target)
    const runners = pid === undefined ? [] : childrenOf(pid)
    return runners.length > 0 && signal(random.pick(runners), 'SIGKILL')
  }

  async function hurtWire({ kind, wire, forMs, amount = 0 }: Fault, target: ServiceName): Promise<void> {
    const proxy = stack.wire(target, wire as 'broker' | 'database')
    if (kind === 'cut') proxy.cut()
    if (kind === 'hold') proxy.hold(true)
    if (kind === 'half-close') proxy.halfClose(true)
    if (kind === 'mute') proxy.mute(true)
    if (kind === 'delay') proxy.delay(amount)
    if (kind === 'throttle') proxy.throttle(amount)
    await wait(forMs)
    proxy.hold(false)
    proxy.halfClose(false)
    proxy.mute(false)
    proxy.delay(0)
    proxy.throttle(Infinity)
  }

  async function restartBroker(fault: Fault): Promise<void> {
    await stack.broker.kill()
    await wait(fault.forMs)
    const { hostname, port } = new URL(stack.broker.amqpUrl)
    const open = portOpens(hostname, Number(port)).then((at) => endsEarlier.set(fault, at))
    await stack.broker.start()
    await open
  }

  async function restartDatabase({ forMs }: Fault): Promise<void> {
    await stack.database.kill()
    await wait(forMs)
    await stack.database.start()
  }

  async function raiseAlarm({ forMs }: Fault): Promise<boolean> {
    const { alarm } = stack.broker
    // a broker that is down or coming up has none; a restart ends one
    const raised = await alarm?.(true).then(
      () => true,
      () => false,
    )
    await wait(forMs)
    await alarm?.(false).catch(() => {})
    return raised === true
  }
}

/** When the broker's port opened: it is ready for us a moment later than for its clients. */
const endsEarlier = new WeakMap<Fault, number>()

async function portOpens(host: string, port: number): Promise<number> {
  await eventually(`port ${port}`, PORT_MS, () => answers(host, port), 10)
  return Date.now()
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    const settle = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

/** Processes that run user code below this one. */
function childrenOf(parent: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return all.map(Number).filter((pid) => parentOf(pid) === parent && commandOf(pid).includes('worker/src/'))
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}
