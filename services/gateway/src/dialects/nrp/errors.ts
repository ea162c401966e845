import { catalogue, type WarrenError } from '@warren/contracts'

export type ErrorType = 'Client error' | 'State Transition error' | 'User Error' | 'Server Error' | 'General error'

/** An error in the words of the NRP backend. */
export class NrpError extends Error {
  override readonly name = 'NrpError'
  readonly status: number
  readonly type: ErrorType
  readonly data: unknown

  constructor(status: number, type: ErrorType, message: string, data: unknown = null) {
    super(message)
    this.status = status
    this.type = type
    this.data = data
  }
}

export function clientError(message: string, status = 400): NrpError {
  return new NrpError(status, 'Client error', message)
}

export function transitionError(message: string): NrpError {
  return new NrpError(400, 'State Transition error', message)
}

export function notAllowed(message = 'A valid token of somebody who may is needed.'): NrpError {
  return new NrpError(401, 'User Error', message)
}

/** Any other error; what is wrong with a body has one form, whatever it is. */
export function foreignError({ code, message, details }: WarrenError): NrpError {
  if (code === 'BAD_INPUT') return new NrpError(400, 'Client error', message, details.errors ?? null)
  const { http } = catalogue[code]
  if (http === 401 || http === 403) return notAllowed(message)
  if (http < 500) return clientError(message, http)
  return new NrpError(http, http === 500 ? 'Server Error' : 'General error', message)
}
