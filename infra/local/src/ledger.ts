import { randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, isAlive, marked, signal } from './identity.ts'
import type { Identity } from './identity.ts'

/** A process that the launcher started, and the signal that asks it to stop. */
export type Entry = Identity & { name: string; stopSignal: NodeJS.Signals }

/** One life of the launcher. `run.json` is its lock and its list of what must not outlive it. */
export type Run = { id: string; launcher: Identity; children: Entry[] }

/** The list of a run, kept on disk as it changes. */
export type Ledger = {
  id: string
  add(entry: Omit<Entry, 'started'>): void
  remove(pid: number): void
  killAll(): void
  close(): void
}

/** The run recorded in this folder, alive or not. */
export function readRun(dir: string): Run | undefined {
  return readJson(runFile(dir))
}

/** The run of this folder whose launcher is alive. */
export function liveRun(dir: string): Run | undefined {
  const run = readRun(dir)
  return run && isAlive(run.launcher) ? run : undefined
}

/** Takes the folder for this process; undefined when a live launcher has it. Stops what a dead one left. */
export async function openLedger(dir: string, onLeftover: (name: string) => void): Promise<Ledger | undefined> {
  mkdirSync(dir, { recursive: true })
  const launcher = identify(process.pid)
  if (!launcher) throw new Error('this process cannot see itself in the process table')
  const run: Run = { id: randomUUID(), launcher, children: [] }
  const draft = `${runFile(dir)}.draft-${process.pid}`
  writeFileSync(draft, JSON.stringify(run))
  try {
    // A link appears whole or not at all: nobody reads half a lock.
    while (!linked(draft, runFile(dir))) {
      if (liveRun(dir)) return undefined
      await cleanUp(dir, onLeftover)
    }
    return keep(dir, run)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Stops everything that a dead launcher left running in this folder, and forgets it. */
export async function cleanUp(dir: string, onLeftover: (name: string) => void): Promise<void> {
  const stale = `${runFile(dir)}.stale-${process.pid}`
  try {
    // Only one of several cleaners wins the rename.
    renameSync(runFile(dir), stale)
  } catch {
    return
  }
  const run = readJson(stale)
  const left = (run?.children ?? []).filter((entry) => isAlive(entry))
  for (const entry of left) {
    onLeftover(`${entry.name} (pid ${entry.pid})`)
    signal(entry.pid, entry.stopSignal)
  }
  await gone(left, 10_000)
  for (const entry of left) signal(-entry.pid, 'SIGKILL')
  if (run) await sweep(run.id, 2_000)
  rmSync(stale, { force: true })
}

/** Stops whatever still carries the mark of a run. */
export async function sweep(id: string, graceMs: number): Promise<void> {
  const strays = marked(id).flatMap((pid) => identify(pid) ?? [])
  for (const stray of strays) signal(stray.pid, 'SIGTERM')
  await gone(strays, graceMs)
  for (const pid of marked(id)) signal(pid, 'SIGKILL')
}

/** Waits until the processes are gone; false when some are not within the time. */
export async function gone(processes: Identity[], withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs
  while (processes.some(isAlive)) {
    if (Date.now() > until) return false
    await sleep(50)
  }
  return true
}

function keep(dir: string, run: Run): Ledger {
  const save = () => {
    writeFileSync(`${runFile(dir)}.new`, JSON.stringify(run, null, 2))
    renameSync(`${runFile(dir)}.new`, runFile(dir))
  }
  return {
    id: run.id,
    add(entry) {
      const identity = identify(entry.pid)
      if (!identity) return
      run.children.push({ ...entry, ...identity })
      save()
    },
    remove(pid) {
      run.children = run.children.filter((entry) => entry.pid !== pid)
      save()
    },
    killAll: () => run.children.filter(isAlive).forEach((entry) => signal(-entry.pid, 'SIGKILL')),
    close: () => rmSync(runFile(dir), { force: true }),
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readJson(path: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Run
  } catch {
    return undefined
  }
}

function runFile(dir: string): string {
  return join(dir, 'run.json')
}
