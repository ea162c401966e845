import assert from 'node:assert/strict'
import { scryptSync } from 'node:crypto'
import { test } from 'node:test'
import { isPassword } from './passwords.ts'

/** As it may have been stored once, with parameters that cost nothing. */
const salt = Buffer.from('0123456789abcdef')
const hash = scryptSync('secret', salt, 32, { N: 4, r: 1, p: 1 })
const stored = `$scrypt$ln=2,r=1,p=1$${salt.toString('base64')}$${hash.toString('base64')}`

test('a password is compared with the parameters that it was stored with', async () => {
  assert.equal(await isPassword('secret', stored), true)
  assert.equal(await isPassword('Secret', stored), false)
  assert.equal(await isPassword('', undefined), false)
})

test('attempts are bounded, and the next ones are served again', async () => {
  const many = await Promise.allSettled(Array.from({ length: 40 }, () => isPassword('secret', stored)))
  const refused = many.filter((one) => one.status === 'rejected')
  assert.equal(refused.length, 8)
  for (const { reason } of refused) assert.equal((reason as { code: string }).code, 'UNAVAILABLE')
  assert.equal(await isPassword('secret', stored), true)
})
