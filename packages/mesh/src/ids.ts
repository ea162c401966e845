import { nanoid } from 'nanoid'

/** The alphabet of nanoid in the order of its bytes: ids sort as their times do. */
const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const LENGTH = 21
/** Characters that say when: 48 bits of milliseconds. The other 78 bits are random. */
const ORDER_LENGTH = 8
const IS_ID = /^[\w-]{21}$/

/**
 * A new id as nanoid makes them, whose first characters follow the time: what is stored by such ids is written side by
 * side, where random ones touch another page of the index each time.
 *
 * @param nowMs epoch ms
 */
export function orderedId(nowMs = Date.now()): string {
  let order = ''
  for (let left = nowMs; order.length < ORDER_LENGTH; left = Math.floor(left / 64)) {
    order = (ALPHABET[left % 64] as string) + order
  }
  return order + nanoid(LENGTH - ORDER_LENGTH)
}

/** The first characters of an id as they are made here, of which others may be; none of any other text. */
export function orderOf(id: string): string {
  return IS_ID.test(id) ? id.slice(0, ORDER_LENGTH) : ''
}
