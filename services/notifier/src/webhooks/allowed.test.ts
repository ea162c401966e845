import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isAllowedAddress, isAllowedByName, parseAllowed } from './allowed.ts'

const nothing = parseAllowed('')

it('only public addresses are allowed unless told', () => {
  for (const address of ['93.184.216.34', '2606:2800:220:1::1', '::ffff:93.184.216.34']) {
    assert.ok(isAllowedAddress(nothing, address), address)
  }
  const refused = `0.0.0.0 10.0.0.1 100.64.0.1 127.0.0.1 169.254.169.254 172.31.0.1 192.168.1.1 192.0.0.1 198.18.0.1
    224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 fc00::1 fd12::1 fe80::1 ff02::1 ::ffff:127.0.0.1 ::ffff:a00:1
    64:ff9b::a00:1 ::127.0.0.1 2002:7f00:1:: 2001::1 localhost`.split(/\s+/)
  for (const address of refused) assert.ok(!isAllowedAddress(nothing, address), address)
})

it('origins, hosts, addresses and blocks can be let through', () => {
  const allowed = parseAllowed('http://127.0.0.1:9000, hooks.lab,10.1.0.0/16, fd00::/8 ,192.168.0.7')
  const byName = (url: string): boolean => isAllowedByName(allowed, new URL(url))
  assert.ok(byName('http://127.0.0.1:9000/x') && byName('https://hooks.lab:8443/') && byName('http://HOOKS.lab/'))
  assert.ok(!byName('http://127.0.0.1:9001/') && !byName('https://127.0.0.1:9000/') && !byName('http://not.hooks.lab/'))
  const addresses = ['10.1.2.3', '::ffff:10.1.2.3', 'fd00::7', '192.168.0.7']
  for (const address of addresses) assert.ok(isAllowedAddress(allowed, address), address)
  for (const address of ['10.2.0.1', '192.168.0.8', '127.0.0.1', 'fc00::1'])
    assert.ok(!isAllowedAddress(allowed, address))
  for (const list of ['10.0.0.0/64', 'http://', 'a b', 'ftp://x'])
    assert.throws(() => parseAllowed(list), TypeError, list)
})
