import { setTimeout as wait } from 'node:timers/promises'
import { subscribe, type Mesh, type Subscription } from '@warren/mesh'

const UP_MS = 500

/** `id` of the CloudEvent: its number. */
type Heard = (name: string, data: unknown, id?: string) => void

/** The events that somebody here waits for; one queue for all of them, bound to what is watched. */
export interface Live {
  /**
   * Watches `<subject>.*`, where the subject is a topic without its last word, and its last words may be `*`. Resolves
   * once the binding is there.
   */
  watch(subject: string, heard: Heard): Promise<() => void>
}

interface Watched {
  readonly heard: Set<Heard>
  readonly bound: Promise<void>
}

export function createLive(mesh: Mesh): Live {
  const watched = new Map<string, Watched>()
  let subscription: Promise<Subscription> | undefined

  return { watch }

  async function watch(subject: string, heard: Heard): Promise<() => void> {
    subscription ??= subscribe(mesh, (event, topic) => tell(topic, event.data, event.id))
    const live = await subscription
    // its queue is declared in the background; without a broker nobody waits for it, as nothing will be heard anyway
    await Promise.race([live.up, wait(UP_MS, undefined, { ref: false })])
    // a binding that fails with its channel is made on the next one
    const those = watched.get(subject) ?? { heard: new Set(), bound: live.bind(`${subject}.*`).catch(() => undefined) }
    watched.set(subject, those)
    those.heard.add(heard)
    await those.bound
    return () => forget(live, subject, heard)
  }

  function forget(live: Subscription, subject: string, heard: Heard): void {
    const those = watched.get(subject)
    those?.heard.delete(heard)
    if (those?.heard.size !== 0) return
    watched.delete(subject)
    // a binding that stays behind is only noise, and the queue goes with the connection
    live.unbind(`${subject}.*`).catch((error: unknown) => mesh.log.debug({ err: error, subject }, 'could not unbind'))
  }

  function tell(topic: string, data: unknown, id: string): void {
    const words = topic.split('.')
    const name = words.pop() as string
    // `job.echo.J1`, `job.echo.*` and `job.*.*`
    for (let at = words.length; at > 0; at--) {
      for (const heard of watched.get(words.join('.'))?.heard ?? []) heard(name, data, id)
      words[at - 1] = '*'
    }
  }
}

/** The subject of an event about these things, such as `job.echo.J1` of `job.:processId.:jobId.failed`. */
export function subjectOf(event: { readonly topic: string }, names: Readonly<Record<string, string>>): string {
  const words = event.topic.split('.').slice(0, -1)
  return words.map((word) => (word.startsWith(':') ? (names[word.slice(1)] ?? '*') : word)).join('.')
}
