import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Stack } from '../support/stack.ts'
import { residentMiB } from './cpu.ts'
import { load, type Target } from './load.ts'
import type { Report } from './report.ts'
import { MiB, middle, transfersWith } from './transfers.ts'

const FILE_BYTES = 256 * MiB

/** How fast bytes go to the files service and back, and what they do to who runs something meanwhile. */
export async function measureBytes(report: Report, stack: Stack, floorUrl: string, run: Target): Promise<void> {
  const ours = transfersWith(stack.url)
  const floor = transfersWith(floorUrl)
  for (const { upload, download } of [floor, ours]) await download((await upload(16 * MiB)).id) // to compile it
  let floorId = ''
  const floorUp = await middle(async () => {
    const { perSecond, id } = await floor.upload(FILE_BYTES)
    floorId = id
    return perSecond
  })
  const floorDown = await middle(() => floor.download(floorId))
  let id = ''
  const up = await middle(async () => {
    const stored = await ours.upload(FILE_BYTES)
    id = stored.id
    return stored.perSecond
  })
  const down = await middle(() => ours.download(id))
  const figure = { unit: 'MB/s', goal: { least: 0.35 } }
  report.figure({ name: 'upload', value: up / 1e6, floor: floorUp / 1e6, ...figure })
  report.figure({ name: 'download', value: down / 1e6, floor: floorDown / 1e6, ...figure })

  const idle = await load(run, { connections: 1, forMs: 5_000 })
  let most = 0
  const watch = setInterval(() => {
    for (const name of ['gateway', 'files'] as const) most = Math.max(most, residentMiB(stack.pid(name)))
  }, 100)
  const mover = fork(new URL('mover.ts', import.meta.url), [stack.url])
  await once(mover, 'message')
  const busy = await load(run, { connections: 1, forMs: 10_000 })
  mover.kill()
  clearInterval(watch)
  report.figure({
    name: 'sync.1.p50.transfer',
    value: busy.quantile(0.5),
    unit: 'ms',
    floor: idle.quantile(0.5),
    goal: { most: 3 },
  })
  report.note(`  its floor is the same without a transfer; gateway and files service at most ${most.toFixed(0)} MiB`)
}
