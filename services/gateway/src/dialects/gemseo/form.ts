import { WarrenError } from '@warren/contracts'
import type { RequestContext } from '../../env.ts'
import type { Chunk } from './chunks.ts'
import { missing, type Invalid } from './errors.ts'

/** A chunk is in memory as a whole; the client sends 1 MB at a time unless told. */
const MOST_BYTES = 64 * 2 ** 20

/**
 * The chunks in a `multipart/form-data` body: parts `files`, one or several, and which chunk of how many they are.
 *
 * @returns what is invalid where, if anything is
 * @throws WarrenError TOO_LARGE
 */
export async function readChunks(c: RequestContext): Promise<readonly Chunk[] | { readonly invalid: Invalid[] }> {
  const form = await readForm(c)
  if (!form) return { invalid: [missing('files')] }
  const files = form.getAll('files').filter((part) => typeof part !== 'string')
  const number = readInteger(form, 'chunk_number', 0)
  const total = readInteger(form, 'total_chunks', 1)
  const invalid = [...(files.length === 0 ? [missing('files')] : []), number, total].filter(isInvalid)
  if (isInvalid(number) || isInvalid(total) || invalid.length > 0) return { invalid }
  if (number >= total) return { invalid: [outOfRange(number, total)] }
  return await Promise.all(
    files.map(async (file, place) => {
      const { name, type } = file
      return { name, type, number, total, place, bytes: new Uint8Array(await file.arrayBuffer()) }
    }),
  )
}

async function readForm(c: RequestContext): Promise<FormData | undefined> {
  const { body, headers } = c.req.raw
  const tooLarge = new WarrenError('TOO_LARGE', `A chunk has at most ${MOST_BYTES} bytes`)
  if (Number(headers.get('content-length')) > MOST_BYTES) throw tooLarge
  let bytes = 0
  const counted = body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength
        if (bytes > MOST_BYTES) controller.error(tooLarge)
        else controller.enqueue(chunk)
      },
    }),
  )
  const type = { 'content-type': headers.get('content-type') ?? '' }
  return await new Response(counted ?? null, { headers: type }).formData().catch(() => {
    if (bytes > MOST_BYTES) throw tooLarge
    return undefined
  })
}

function readInteger(form: FormData, name: string, least: number): number | Invalid {
  const input = form.get(name) ?? String(least)
  if (typeof input === 'string' && /^\d{1,9}$/.test(input) && Number(input) >= least) return Number(input)
  const msg = 'Input should be a valid integer, unable to parse string as an integer'
  return { type: 'int_parsing', loc: ['body', name], msg, input }
}

function outOfRange(input: number, total: number): Invalid {
  return { type: 'less_than', loc: ['body', 'chunk_number'], msg: `Input should be less than ${total}`, input }
}

function isInvalid(value: number | Invalid): value is Invalid {
  return typeof value !== 'number'
}
