/** One error catalogue, three faces: an HTTP status, a gRPC status and the `error` header of an AMQP reply. */

const OGC = 'http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/'

interface Entry {
  readonly http: number
  readonly grpc: string
  readonly title: string
  /** Whether the same request may succeed later: never, after a while, or only when it is idempotent. */
  readonly retry: 'never' | 'later' | 'idempotent'
  /** Exception type fixed by OGC API - Processes - Part 1, where it names one. */
  readonly type?: string
}

/** Codes are API; titles and details are not. */
export const catalogue = {
  BAD_INPUT: { http: 400, grpc: 'INVALID_ARGUMENT', title: 'The input does not fit the grammar', retry: 'never' },
  BAD_QUERY: {
    http: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'A query parameter has an invalid value',
    retry: 'never',
    type: `${OGC}invalid-query-parameter-value`,
  },
  UNAUTHENTICATED: { http: 401, grpc: 'UNAUTHENTICATED', title: 'It is not known who asks', retry: 'never' },
  FORBIDDEN: { http: 403, grpc: 'PERMISSION_DENIED', title: 'Not allowed', retry: 'never' },
  NOT_FOUND: { http: 404, grpc: 'NOT_FOUND', title: 'There is nothing here', retry: 'never' },
  NO_SUCH_PROCESS: {
    http: 404,
    grpc: 'NOT_FOUND',
    title: 'There is no such process',
    retry: 'never',
    type: `${OGC}no-such-process`,
  },
  NO_SUCH_JOB: {
    http: 404,
    grpc: 'NOT_FOUND',
    title: 'There is no such job',
    retry: 'never',
    type: `${OGC}no-such-job`,
  },
  RESULT_NOT_READY: {
    http: 404,
    grpc: 'FAILED_PRECONDITION',
    title: 'The job has not finished',
    retry: 'later',
    type: `${OGC}result-not-ready`,
  },
  RESULT_NOT_AVAILABLE: {
    http: 404,
    grpc: 'NOT_FOUND',
    title: 'The job has no results',
    retry: 'never',
    type: `${OGC}result-not-available`,
  },
  NO_SUCH_OUTPUT: {
    http: 400,
    grpc: 'INVALID_ARGUMENT',
    title: 'There is no such output',
    retry: 'never',
    type: `${OGC}no-such-output`,
  },
  NO_SUCH_SUBSCRIPTION: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such subscription', retry: 'never' },
  NO_SUCH_DELIVERY: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such delivery', retry: 'never' },
  NO_SUCH_MESSAGE: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such parked message', retry: 'never' },
  NO_SUCH_FILE: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such file', retry: 'never' },
  NO_SUCH_USER: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such user', retry: 'never' },
  NO_SUCH_FOLDER: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such folder', retry: 'never' },
  NO_SUCH_UPLOAD: { http: 404, grpc: 'NOT_FOUND', title: 'There is no such upload', retry: 'never' },
  METHOD_NOT_ALLOWED: { http: 405, grpc: 'UNIMPLEMENTED', title: 'Method not allowed here', retry: 'never' },
  NOT_ACCEPTABLE: { http: 406, grpc: 'INVALID_ARGUMENT', title: 'None of the accepted forms', retry: 'never' },
  CONFLICT: { http: 409, grpc: 'ABORTED', title: 'Not possible in this state', retry: 'never' },
  UPLOAD_EXPIRED: { http: 410, grpc: 'NOT_FOUND', title: 'The time of the upload is over', retry: 'never' },
  PRECONDITION_FAILED: { http: 412, grpc: 'FAILED_PRECONDITION', title: 'A condition does not hold', retry: 'never' },
  TOO_LARGE: { http: 413, grpc: 'RESOURCE_EXHAUSTED', title: 'The body is too large', retry: 'never' },
  QUOTA_EXCEEDED: { http: 413, grpc: 'RESOURCE_EXHAUSTED', title: 'There is no room left for it', retry: 'never' },
  RANGE_NOT_SATISFIABLE: { http: 416, grpc: 'OUT_OF_RANGE', title: 'There are no such bytes', retry: 'never' },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, grpc: 'INVALID_ARGUMENT', title: 'Unsupported media type', retry: 'never' },
  KEY_REUSED: {
    http: 422,
    grpc: 'INVALID_ARGUMENT',
    title: 'The idempotency key belongs to another request',
    retry: 'never',
  },
  DIGEST_MISMATCH: {
    http: 422,
    grpc: 'DATA_LOSS',
    title: 'The bytes are not those that were declared',
    retry: 'never',
  },
  TOO_MANY_UPLOADS: {
    http: 429,
    grpc: 'RESOURCE_EXHAUSTED',
    title: 'Too many uploads are open already',
    retry: 'later',
  },
  TOO_MANY_ATTEMPTS: { http: 429, grpc: 'RESOURCE_EXHAUSTED', title: 'Too many failed attempts', retry: 'later' },
  TOO_MANY: { http: 429, grpc: 'RESOURCE_EXHAUSTED', title: 'Too many jobs wait already', retry: 'later' },
  CANCELLED: { http: 499, grpc: 'CANCELLED', title: 'The caller went away', retry: 'never' },
  DATA_LOSS: { http: 500, grpc: 'DATA_LOSS', title: 'Parts of the message were lost', retry: 'idempotent' },
  INTERNAL: { http: 500, grpc: 'INTERNAL', title: 'Internal error', retry: 'never' },
  UNIMPLEMENTED: { http: 501, grpc: 'UNIMPLEMENTED', title: 'The service has no such operation', retry: 'never' },
  PEER_LOST: { http: 502, grpc: 'UNAVAILABLE', title: 'The connection was lost', retry: 'idempotent' },
  UNROUTABLE: { http: 503, grpc: 'UNAVAILABLE', title: 'Nobody serves this now', retry: 'later' },
  UNAVAILABLE: { http: 503, grpc: 'UNAVAILABLE', title: 'Not available now', retry: 'later' },
  TIMEOUT: { http: 504, grpc: 'DEADLINE_EXCEEDED', title: 'The deadline passed', retry: 'never' },
  // causes of a failed job
  PROCESS_FAILED: { http: 500, grpc: 'UNKNOWN', title: 'The process failed', retry: 'never' },
  PROCESS_CRASHED: { http: 500, grpc: 'UNKNOWN', title: 'The process ended without an answer', retry: 'never' },
  BAD_RESULT: { http: 500, grpc: 'DATA_LOSS', title: 'The result does not fit the grammar', retry: 'never' },
  OUT_OF_MEMORY: {
    http: 500,
    grpc: 'RESOURCE_EXHAUSTED',
    title: 'The process used more memory than it may',
    retry: 'never',
  },
  PROCESS_SILENT: { http: 500, grpc: 'DEADLINE_EXCEEDED', title: 'The process gave no sign of life', retry: 'never' },
  EXECUTOR_LOST: { http: 503, grpc: 'UNAVAILABLE', title: 'The executor was lost', retry: 'later' },
} as const satisfies Record<string, Entry>

export type Code = keyof typeof catalogue

/** Every operation may fail in these ways, declared or not. */
export const commonErrors = [
  'BAD_INPUT',
  'INTERNAL',
  'UNIMPLEMENTED',
  'PEER_LOST',
  'UNROUTABLE',
  'UNAVAILABLE',
  'TIMEOUT',
] as const satisfies Code[]

/** One thing that is wrong with an input: where (JSON pointer, RFC 6901), which rule, what was expected, what came. */
export interface Violation {
  readonly pointer: string
  readonly code: string
  readonly message: string
  readonly expected?: unknown
  readonly got?: unknown
}

/** An RFC 9457 problem; `code` and the members after it are ours. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly instance?: string
  readonly code: Code
  readonly errors?: readonly Violation[]
  readonly retryAfter?: number
  readonly supportId?: string
  readonly [more: string]: unknown
}

export interface ErrorDetails {
  readonly errors?: readonly Violation[]
  /** Seconds after which another try makes sense. */
  readonly retryAfter?: number
  /** Further members of the problem, such as `exitCode` or `logTail`. */
  readonly more?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The only error that crosses a process boundary; anything else is answered as `INTERNAL`. */
export class WarrenError extends Error {
  override readonly name = 'WarrenError'
  readonly code: Code
  readonly details: ErrorDetails

  constructor(code: Code, detail: string = catalogue[code].title, details: ErrorDetails = {}) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.details = details
  }
}

/** The problem type URI of a code: the standard's where it names one, else a URN that the gateway makes a link of. */
export function problemType(code: Code): string {
  const entry: Entry = catalogue[code]
  return entry.type ?? `urn:warren:problem:${code.toLowerCase().replaceAll('_', '-')}`
}

export function toProblem({ code, message, details }: WarrenError): Problem {
  return {
    type: problemType(code),
    title: catalogue[code].title,
    status: catalogue[code].http,
    detail: message,
    code,
    ...(details.errors && { errors: details.errors }),
    ...(details.retryAfter !== undefined && { retryAfter: details.retryAfter }),
    ...details.more,
  }
}

const problemMembers = new Set(['type', 'title', 'status', 'detail', 'code', 'errors', 'retryAfter'])

/** The error that a problem stands for; a body that is no problem of ours becomes `INTERNAL`. */
export function fromProblem(body: unknown): WarrenError {
  if (!isProblem(body)) return new WarrenError('INTERNAL', 'The answer was not a problem document')
  const more = Object.fromEntries(Object.entries(body).filter(([name]) => !problemMembers.has(name)))
  return new WarrenError(body.code, body.detail ?? body.title, {
    ...(body.errors && { errors: body.errors }),
    ...(body.retryAfter !== undefined && { retryAfter: body.retryAfter }),
    ...(Object.keys(more).length > 0 && { more }),
  })
}

export function isCode(code: unknown): code is Code {
  return typeof code === 'string' && Object.hasOwn(catalogue, code)
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && isCode(body.code)
}
