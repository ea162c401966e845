import { startStack } from './stack.ts'
const t = performance.now()
const s = await startStack()
console.log(s.url, performance.now() - t)
for (const [p, b] of [['/processes', null], ['/processes/echo', null], ['/processes/SellarSystem/execution', '{"inputs":{}}'], ['/processes/nope', null], ['/jobs', null], ['/readyz', null]] as const) {
  const r = await fetch(s.url + p, b ? { method: 'POST', body: b, headers: { 'content-type': 'application/json' } } : {})
  console.log(p, r.status, (await r.text()).slice(0, 400))
}
await s.close()
