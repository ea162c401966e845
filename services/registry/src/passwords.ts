import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto'
import { promisify } from 'node:util'
import { WarrenError } from '@warren/contracts'

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** RFC 7914: 2^15 blocks of 8, three times, which is 32 MiB and some 0.2 s of one core for each attempt. */
const LOG_COST = 15
const BLOCK = 8
const PARALLEL = 3
const SALT_BYTES = 16
const HASH_BYTES = 32
/** Attempts at a time: whoever floods us with them shall not hold up what else the registry is asked. */
const MOST = 32
let underWay = 0

interface Stored {
  readonly logCost: number
  readonly block: number
  readonly parallel: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** What an unknown user is compared with, so that it takes as long. */
const nobody: Stored = {
  logCost: LOG_COST,
  block: BLOCK,
  parallel: PARALLEL,
  salt: Buffer.alloc(SALT_BYTES),
  hash: Buffer.alloc(HASH_BYTES),
}

/** A PHC string: the parameters are stored with the hash, so that they can change. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await hashWith(password, { ...nobody, salt })
  return `$scrypt$ln=${LOG_COST},r=${BLOCK},p=${PARALLEL}$${base64(salt)}$${base64(hash)}`
}

/** Whether it is the password; always false, and not sooner, when there is none to compare with. */
export async function isPassword(password: string, stored: string | undefined): Promise<boolean> {
  const known = stored === undefined ? nobody : read(stored)
  const isSame = timingSafeEqual(await hashWith(password, known), known.hash)
  return isSame && stored !== undefined
}

/** @throws WarrenError UNAVAILABLE */
async function hashWith(password: string, { logCost, block, parallel, salt }: Stored): Promise<Buffer> {
  if (underWay >= MOST) throw new WarrenError('UNAVAILABLE', 'Too many log in at once', { retryAfter: 1 })
  const N = 2 ** logCost
  // the same letters can be typed in more than one way (RFC 8265, section 4.2)
  const text = password.normalize('NFC')
  underWay++
  try {
    return await derive(text, salt, HASH_BYTES, { N, r: block, p: parallel, maxmem: 256 * N * block })
  } finally {
    underWay--
  }
}

function read(stored: string): Stored {
  const [, logCost, block, parallel, salt, hash] =
    /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(stored) ?? []
  if (salt === undefined || hash === undefined) throw new Error('a stored password is malformed')
  return {
    logCost: Number(logCost),
    block: Number(block),
    parallel: Number(parallel),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
