export interface Pace {
  /** A run ended after so long, having printed so many bytes. */
  note(processId: string, ms: number, logBytes: number): void
  /** Whether runs of the process are so short and quiet that several may be sent to one child. */
  isShort(processId: string): boolean
}

const shortMs = 2
const enoughRuns = 20
/** Weight of the newest run */
const weight = 0.2

/** How long the recent runs of each process took: an exponentially weighted mean. */
export function createPace(): Pace {
  const paces = new Map<string, { runs: number; mean: number }>()
  return { note, isShort }

  function note(processId: string, ms: number, logBytes: number) {
    let pace = paces.get(processId)
    if (!pace) paces.set(processId, (pace = { runs: 0, mean: ms }))
    // Log lines are told apart by which run is the head when they are read: a process that prints is sent one at a time.
    pace.runs = logBytes > 0 ? 0 : pace.runs + 1
    pace.mean += weight * (ms - pace.mean)
  }

  function isShort(processId: string) {
    const pace = paces.get(processId)
    return pace !== undefined && pace.runs >= enoughRuns && pace.mean < shortMs
  }
}
