import type { Fields } from './fields.ts'

/**
 * What an app gets beside the request, in the form of Node's own: so an app that sends early hints or trailers with
 * `c.env.outgoing` does so with and without a port.
 */
export interface AppBindings {
  readonly incoming: {
    readonly socket: { readonly remoteAddress: string | undefined }
    /** Of the request's body, when it has ended */
    readonly trailers: Readonly<Record<string, string>>
  }
  readonly outgoing: {
    readonly headersSent: boolean
    addTrailers(trailers: Readonly<Record<string, string>>): void
    writeEarlyHints(hints: Readonly<Record<string, string | readonly string[]>>): void
    /** The handler is still at it: the deadline begins anew. */
    writeProcessing(): void
  }
}

export interface Exchanged {
  readonly client: string | undefined
  readonly requestTrailers: () => Fields
  readonly headSent: () => boolean
  readonly addTrailers: (trailers: Fields) => void
  readonly inform: (status: number, fields: Fields) => void
}

export function createBindings({ client, requestTrailers, headSent, addTrailers, inform }: Exchanged): AppBindings {
  return {
    incoming: {
      socket: { remoteAddress: client },
      get trailers() {
        return Object.fromEntries(requestTrailers())
      },
    },
    outgoing: {
      get headersSent() {
        return headSent()
      },
      addTrailers: (trailers) => addTrailers(Object.entries(trailers)),
      writeEarlyHints: (hints) => inform(103, listed(hints)),
      writeProcessing: () => inform(102, []),
    },
  }
}

function listed(hints: Readonly<Record<string, string | readonly string[]>>): Fields {
  return Object.entries(hints).flatMap(([name, value]) => {
    return typeof value === 'string' ? [[name, value] as const] : value.map((each) => [name, each] as const)
  })
}
