/** Where a run rests while a pause is wanted: at points of its own choice. */
export interface PauseGate {
  asked(): boolean
  ask(): void
  resume(): void
  /** Resolves when no pause is wanted (any more), or the run is cancelled; `rests` is called if it has to wait. */
  pass(rests: () => void, signal: AbortSignal): Promise<void>
}

export function createPauseGate(asked: boolean): PauseGate {
  let pause = asked ? Promise.withResolvers<void>() : undefined
  return { asked: () => pause !== undefined, ask, resume, pass }

  function ask() {
    pause ??= Promise.withResolvers()
  }

  function resume() {
    pause?.resolve()
    pause = undefined
  }

  async function pass(rests: () => void, signal: AbortSignal) {
    if (!pause || signal.aborted) return
    const { promise, resolve } = pause
    const leave = () => resolve()
    signal.addEventListener('abort', leave, { once: true })
    rests()
    await promise
    signal.removeEventListener('abort', leave)
  }
}
