import type { Config } from './config.ts'
import { withPrivateStack } from './private-stack.ts'
import { reportToStderr } from './report.ts'

/** Runs the benchmark on a fresh stack. Its stdout is the benchmark's alone. */
export async function bench(config: Config, args: string[]): Promise<number> {
  reportToStderr()
  return await withPrivateStack(config, 'bench', ['test/bench/main.ts', ...args])
}
