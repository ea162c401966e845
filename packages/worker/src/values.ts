type Scalar<T> = T extends 'number' | 'integer'
  ? number
  : T extends 'string'
    ? string
    : T extends 'boolean'
      ? boolean
      : unknown

/** The type of a value of schema `S`, where that is simple; `unknown` elsewhere. */
export type Value<S> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly type: 'array'; readonly items: infer I }
    ? Value<I>[]
    : S extends { readonly type: infer T }
      ? Scalar<T>
      : unknown

type Received<I> = I extends { readonly schema: infer S; readonly maxOccurs: infer M }
  ? M extends 1
    ? Value<S>
    : Value<S>[]
  : I extends { readonly schema: infer S }
    ? Value<S>
    : never

/** An input is absent only if it may be (`minOccurs: 0`) and has no default: the executor fills defaults in. */
type Absent<I> = I extends { readonly schema: { readonly default: unknown } }
  ? false
  : I extends { readonly minOccurs: 0 }
    ? true
    : false

export type InputsOf<I> = { [K in keyof I as Absent<I[K]> extends true ? never : K]: Received<I[K]> } & {
  [K in keyof I as Absent<I[K]> extends true ? K : never]?: Received<I[K]>
}

export type OutputsOf<O> = { [K in keyof O]: O[K] extends { readonly schema: infer S } ? Value<S> : never }
