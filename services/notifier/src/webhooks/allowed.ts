import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Receivers that are allowed though their addresses are private: origins, host names, and blocks of addresses. */
export interface Allowed {
  readonly names: ReadonlySet<string>
  readonly blocks: readonly Block[]
}

type Block = [ipaddr.IPv4 | ipaddr.IPv6, number]

/**
 * Reads a list such as `http://127.0.0.1:9000, hooks.lab, 10.1.0.0/16`.
 *
 * @throws TypeError naming the entry that is none of these
 */
export function parseAllowed(list: string): Allowed {
  const names = new Set<string>()
  const blocks: Block[] = []
  for (const entry of list.split(',').map((text) => text.trim().toLowerCase())) {
    if (entry === '') continue
    if (/^https?:\/\//.test(entry) && URL.canParse(entry)) names.add(new URL(entry).origin)
    else if (ipaddr.isValidCIDR(entry)) blocks.push(ipaddr.parseCIDR(entry))
    else if (isIP(entry)) blocks.push([ipaddr.parse(entry), isIP(entry) === 4 ? 32 : 128])
    else if (/^[a-z0-9._-]+$/.test(entry)) names.add(entry)
    else throw new TypeError(`WEBHOOK_ALLOW: "${entry}" is no origin, host, address or block of addresses`)
  }
  return { names, blocks }
}

/** Whether the receiver is allowed by name, whatever its address is. */
export function isAllowedByName({ names }: Allowed, { origin, hostname }: URL): boolean {
  return names.has(origin) || names.has(hostname)
}

/**
 * Whether a message may be sent to an address: to public ones, and to those that the configuration lets through. Private,
 * loopback, link-local, unique local, multicast, unspecified and reserved ones are not public, however they are written:
 * an IPv4 address inside an IPv6 one counts as what it is.
 */
export function isAllowedAddress({ blocks }: Allowed, text: string): boolean {
  if (!isIP(text)) return false
  const address = ipaddr.process(text)
  if (address.range() === 'unicast') return true
  return blocks.some(([block, bits]) => block.kind() === address.kind() && address.match(block, bits))
}
