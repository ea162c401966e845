import { catalogue, type Violation, type WarrenError } from '@warren/contracts'

/** An error in the words of UM-Bridge: a type and a message, with the status 400 unless the model is to blame. */
export class UmbridgeError extends Error {
  override readonly name = 'UmbridgeError'
  readonly type: string
  readonly status: number

  constructor(type: string, message: string, status = 400) {
    super(message)
    this.type = type
    this.status = status
  }
}

export function invalidInput(message: string): UmbridgeError {
  return new UmbridgeError('InvalidInput', message)
}

export function modelNotFound(name: unknown, available: readonly string[]): UmbridgeError {
  const names = available.map((one) => `'${one}'`).join(', ')
  return new UmbridgeError('ModelNotFound', `Model ${String(name)} not found! The following are available: [${names}].`)
}

export function unsupportedFeature(feature: string): UmbridgeError {
  return new UmbridgeError('UnsupportedFeature', `${feature} not supported by model!`)
}

/**
 * Any other error. For a run that failed the protocol has the status 500 and no type; with our code as the type the
 * clients raise an error that says what happened.
 */
export function foreignError(error: WarrenError): UmbridgeError {
  const { code, message, details } = error
  if (code === 'BAD_INPUT') return invalidInput(sentence(message, details.errors))
  if (code === 'BAD_RESULT') return new UmbridgeError('InvalidOutput', sentence(message, details.errors), 500)
  return new UmbridgeError(code, message, catalogue[code].http)
}

function sentence(message: string, errors: readonly Violation[] = []): string {
  const details = errors.map((error) => `${error.pointer} ${error.message}`.trim())
  return details.length > 0 ? `${message}: ${details.join('; ')}` : message
}
