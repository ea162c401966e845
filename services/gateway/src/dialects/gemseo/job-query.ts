/** Query booleans as Python and FastAPI know them. */
const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  y: true,
  on: true,
  '1': true,
  false: false,
  f: false,
  no: false,
  n: false,
  off: false,
  '0': false,
}

/** FastAPI's own default. */
const WAIT_S = 100

/** The number of a job, or what is wrong with it. */
export function readNumber(text: string | undefined): number | string {
  const number = /^\d{1,9}$/.test(text ?? '') ? Number(text) : 0
  return number > 0 ? number : 'The id of a job is a positive integer'
}

/** How long a poll may be held, or what is wrong with its query. Seconds come as `10.0`, booleans as `True`. */
export function readPoll(query: Readonly<Record<string, string>>): { readonly waitMs: number } | string {
  const { long_polling: flag = 'False', long_polling_timeout: timeout = String(WAIT_S) } = query
  const isLong = booleans[flag.toLowerCase()]
  if (isLong === undefined) return 'long_polling must be a boolean'
  const seconds = timeout.trim() === '' ? Number.NaN : Number(timeout)
  if (!(seconds >= 0)) return 'long_polling_timeout must be a number of seconds that is not negative'
  return { waitMs: isLong ? seconds * 1_000 : 0 }
}
