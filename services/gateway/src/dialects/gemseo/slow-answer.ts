/** The client gives up after 5 s in which it hears nothing. */
const BEAT_MS = 2_000

/**
 * A JSON answer that may be long in coming. When it is not there soon, status and headers are sent, then white space,
 * which JSON allows, until it is.
 *
 * @param late the text instead, when the work fails after the head is sent
 * @throws what the work fails with before the head is sent
 */
export async function slowAnswer(work: Promise<string>, late: (error: unknown) => string): Promise<Response> {
  const soon = await orBeat(work)
  const headers = { 'Content-Type': 'application/json' }
  if (soon !== undefined) return new Response(soon, { headers })
  return new Response(ReadableStream.from(beating(work.catch(late))), { headers })
}

async function* beating(work: Promise<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for (let text: string | undefined; text === undefined;) {
    yield encoder.encode(' ')
    text = await orBeat(work)
    if (text !== undefined) yield encoder.encode(text)
  }
}

/** Undefined when it takes longer than a beat. */
async function orBeat(work: Promise<string>): Promise<string | undefined> {
  const beat = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => beat.resolve(undefined), BEAT_MS)
  try {
    return await Promise.race([work, beat.promise])
  } finally {
    clearTimeout(timer)
  }
}
