import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What lies between a client and a server; cut, it is what a server looks like that is down. */
export interface Cable {
  /** The server's URL, through the cable */
  readonly url: string
  cut(): Promise<void>
  join(): Promise<void>
}

export async function layCable(serverUrl: string): Promise<Cable> {
  const target = new URL(serverUrl)
  const ends = new Set<Socket>()
  let server: Server | undefined
  let port = 0
  await join()
  const url = new URL(serverUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return { url: url.href, cut, join }

  async function join(): Promise<void> {
    if (server) return
    server = createServer({ noDelay: true }, (near) => {
      const far = connect({ host: target.hostname, port: Number(target.port), noDelay: true })
      for (const [end, other] of [
        [near, far],
        [far, near],
      ] as const) {
        ends.add(end)
        end.pipe(other)
        end.on('error', () => {})
        end.on('close', () => {
          ends.delete(end)
          other.destroy()
        })
      }
    })
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }

  async function cut(): Promise<void> {
    const closing = server
    server = undefined
    if (!closing) return
    const closed = new Promise((resolve) => closing.close(resolve))
    for (const end of ends) end.destroy()
    await closed
  }
}
