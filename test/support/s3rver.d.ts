declare module 's3rver' {
  import type { AddressInfo } from 'node:net'

  interface S3Context {
    readonly method: string
    readonly path: string
    readonly query: Readonly<Record<string, string | undefined>>
    status: number
    type: string
    body: string
  }
  type Middleware = (context: S3Context, next: () => Promise<void>) => Promise<void>

  export default class S3rver {
    readonly middleware: Middleware[]
    constructor(options: {
      readonly address: string
      readonly port: number
      readonly silent: boolean
      readonly directory: string
      readonly vhostBuckets: boolean
      readonly configureBuckets: readonly { readonly name: string; readonly configs?: readonly string[] }[]
    })
    run(): Promise<AddressInfo>
  }
}
