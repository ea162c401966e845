/** What a program may reserve beyond what it may hold: stacks of threads and the like, which are hardly touched. */
const slackBytes = 256 * 2 ** 20

/**
 * The command with a bound on its data segment (RLIMIT_DATA), which its children inherit. It stops what grows too fast
 * for the executor, who looks at the resident memory every 0.1 s.
 */
export function withMemoryBound(command: readonly string[], maxBytes: number | undefined): readonly string[] {
  if (maxBytes === undefined) return command
  const kibibytes = Math.ceil((maxBytes + slackBytes) / 1024)
  return ['/bin/sh', '-c', 'ulimit -d "$0" 2>/dev/null; exec "$@"', String(kibibytes), ...command]
}
