/** Ends a run whose state was saved because the executor asked; the author's code lets it pass. */
export class Suspended extends Error {
  override readonly name = 'Suspended'
  /** JSON text */
  readonly state: string

  constructor(state: string) {
    super('the run was paused, and goes on from its checkpoint')
    this.state = state
  }
}
