/** The contract has no operations of the call kind: bytes come over the stream tunnel. */
export const handlers = {}
