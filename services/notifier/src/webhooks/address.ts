import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isAllowedAddress, isAllowedByName, type Allowed } from './allowed.ts'

export interface Address {
  readonly address: string
  readonly family: 4 | 6
}

/** The configuration does not let messages through to this receiver. */
export class Refused extends Error {}

/**
 * The address to connect to, and no other: a name that is looked up again could have another one by then.
 *
 * @throws Refused when all addresses of the host are private ones; Error when the name has no address now
 */
export async function checkedAddress(url: URL, allowed: Allowed): Promise<Address> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await lookup(host, { all: true })
  const byName = isAllowedByName(allowed, url)
  const usable = found.find(({ address }) => byName || isAllowedAddress(allowed, address))
  if (!usable) throw new Refused(`${url.hostname} is not public; WEBHOOK_ALLOW can let messages through to it`)
  return usable as Address
}
