import type { Logger } from './log.ts'

export interface Releasers {
  push(name: string, releaser: () => Promise<void> | void): void
  /** Runs all, the last pushed first, each once; one that fails does not keep the others from running. */
  run(): Promise<void>
}

/** Everything acquired pushes what undoes it. */
export function createReleasers(log: Logger): Releasers {
  const stack: { name: string; releaser: () => Promise<void> | void }[] = []
  let running: Promise<void> | undefined
  return { push: (name, releaser) => void stack.push({ name, releaser }), run: () => (running ??= releaseAll()) }

  async function releaseAll(): Promise<void> {
    for (let entry = stack.pop(); entry; entry = stack.pop()) {
      try {
        await entry.releaser()
      } catch (error) {
        log.error({ err: error, releasing: entry.name }, 'could not release')
      }
    }
  }
}
