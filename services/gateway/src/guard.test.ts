import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readConfig } from './config.ts'
import { createGuard } from './guard.ts'
import { testConfig } from './support/fake-context.ts'

const claims = { method: 'POST', host: 'localhost:8080', origin: undefined, base: 'http://localhost:8080' }

it('refuses foreign hosts on loopback', () => {
  const guard = createGuard(testConfig)
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '[::1]:8080', '127.0.0.2']) {
    assert.equal(guard({ ...claims, host }), undefined, host)
  }
  for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:8080', '10.0.0.1', '']) {
    assert.equal(guard({ ...claims, host })?.code, 'FORBIDDEN', host)
  }
  const behindProxy = createGuard({ ...testConfig, publicUrl: 'https://warren.example' })
  assert.equal(behindProxy({ ...claims, host: 'warren.example' }), undefined)
})

it('refuses foreign origins on unsafe methods', () => {
  const guard = createGuard(testConfig)
  for (const origin of ['http://evil.example', 'http://localhost:3000', 'null']) {
    assert.equal(guard({ ...claims, origin })?.code, 'FORBIDDEN', origin)
    assert.equal(guard({ ...claims, origin, method: 'GET' }), undefined, origin)
  }
  for (const origin of ['http://localhost:8080', 'http://friend.example']) {
    assert.equal(guard({ ...claims, origin }), undefined, origin)
  }
})

it('wants a token from those whom it listens to beyond this machine, unless told otherwise', () => {
  assert.equal(readConfig({ HOST: '0.0.0.0' }).requiresToken, true)
  assert.equal(readConfig({ HOST: '0.0.0.0', INSECURE_LISTEN: 'true' }).requiresToken, false)
  assert.equal(readConfig({}).requiresToken, false)
})
