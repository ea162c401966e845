import type { ProcessDescription } from '@warren/contracts'

/** A published version, as far as it decides about an offer. */
export interface Known {
  readonly id: string
  readonly version: string
  readonly digest: string
  readonly retiredAt: Date | null
}

interface Refusal {
  id: string
  version: string
  reason: string
}

/** Which of the offered processes are accepted, each once, and why the others are not. */
export function judge(
  offered: readonly ProcessDescription[],
  published: readonly Known[],
): { accepted: ProcessDescription[]; refused: Refusal[] } {
  const known = new Map(published.map((version) => [nameOf(version), version]))
  const accepted = new Map<string, ProcessDescription>()
  const refused: Refusal[] = []
  for (const process of offered) {
    const { id, version } = process
    const reason = refusal(process, known.get(nameOf(process)))
    if (reason === undefined) accepted.set(nameOf(process), process)
    else refused.push({ id, version, reason })
  }
  return { accepted: [...accepted.values()], refused }
}

function refusal({ id, version, digest }: ProcessDescription, known: Known | undefined): string | undefined {
  if (known?.digest !== digest) {
    return (
      `${id} ${version} is published with other contents (digest ${short(known?.digest)}, offered ${short(digest)}). ` +
      'Versions are immutable: raise the version.'
    )
  }
  return known.retiredAt ? `${id} ${version} was retired on ${known.retiredAt.toISOString().slice(0, 10)}.` : undefined
}

function nameOf({ id, version }: { id: string; version: string }): string {
  return `${id}@${version}`
}

function short(digest = 'unknown'): string {
  return digest.slice(0, 12)
}
