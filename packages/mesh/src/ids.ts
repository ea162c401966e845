import { nanoid } from 'nanoid'

/** The alphabet of nanoid in the order of its bytes: ids sort as their times do. */
const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const LENGTH = 21
/** Characters that say when: 48 bits of milliseconds. The other 78 bits are random. */
export const ORDER_LENGTH = 8

let lastMs = NaN
let lastOrder = ''

/**
 * A new id as nanoid makes them, whose first characters follow the time: what is stored by such ids is written side by
 * side, where random ones touch another page of the index each time.
 *
 * @param nowMs epoch ms
 */
export function orderedId(nowMs = Date.now()): string {
  if (nowMs !== lastMs) lastOrder = orderOf(nowMs)
  lastMs = nowMs
  return lastOrder + nanoid(LENGTH - ORDER_LENGTH)
}

function orderOf(ms: number): string {
  let order = ''
  for (let left = ms; order.length < ORDER_LENGTH; left = Math.floor(left / 64)) {
    order = (ALPHABET[left % 64] as string) + order
  }
  return order
}
