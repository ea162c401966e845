import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, describe, it } from 'node:test'
import { createHttp } from '../support/http.ts'
import { startStack } from '../support/stack.ts'
import { assertException, linkOf, relation, type Link } from './client.ts'

const stack = await startStack()
after(() => stack.close())
const http = await createHttp(stack.url)

interface Linked {
  readonly links: readonly Link[]
}

interface Processes extends Linked {
  readonly processes: readonly { id: string; version: string; links: readonly Link[] }[]
}

describe('req/core: landing page, API definition, conformance', () => {
  it('landingpage-success', async () => {
    const answer = await http('/')
    const { links } = answer.json<Linked>()
    assert.equal(answer.status, 200)
    for (const rel of ['self', 'service-desc', 'service-doc', 'conformance', 'processes', 'job-list']) {
      const link = linkOf(links, rel) ?? linkOf(links, `${relation}/${rel}`)
      assert.ok(link, rel)
      assert.ok(link.type, rel)
      const { status } = await http(link.href)
      assert.equal(status, 200, rel)
    }
    assert.equal(linkOf(links, 'service-desc')?.type, 'application/vnd.oai.openapi+json;version=3.0')
  })

  it('api-definition-success', async () => {
    const answer = await http('/api')
    assert.equal(answer.type, 'application/vnd.oai.openapi+json;version=3.0')
    assert.match(answer.json<{ openapi: string }>().openapi, /^3\.0\./)
  })

  it('conformance-success', async () => {
    const { conformsTo } = (await http('/conformance')).json<{ conformsTo: string[] }>()
    for (const version of ['1.0', '2.0']) {
      assert.ok(conformsTo.includes(`http://www.opengis.net/spec/ogcapi-processes-1/${version}/conf/core`))
    }
  })

  it('http', async () => {
    const version = await new Promise((resolve, reject) => {
      request(`${stack.url}/`, (response) => resolve(response.resume().httpVersion))
        .on('error', reject)
        .end()
    })
    assert.equal(version, '1.1')
    assert.equal((await http('/', { method: 'HEAD' })).status, 200)
    assert.equal((await http('/', { method: 'DELETE' })).status, 405)
    assert.equal((await http('/no/such/thing')).status, 404)
    assert.equal((await http('/processes', { headers: { accept: 'text/csv' } })).status, 406)
  })

  it('query-param-unknown', async () => {
    for (const path of ['/', '/conformance', '/processes', '/processes/echo', '/jobs']) {
      assertException(await http(`${path}?no-such-parameter=1`), 400, 'invalid-query-parameter-value')
    }
  })
})

describe('req/core: process list', () => {
  it('process-list-success', async () => {
    const { processes, links } = (await http('/processes?limit=1000')).json<Processes>()
    assert.ok(processes.some(({ id }) => id === 'echo'))
    assert.ok(linkOf(links, 'self'))
    for (const { links } of processes) assert.equal((await http(linkOf(links, 'self')?.href ?? '')).status, 200)
  })

  it('pl-limit-definition', async () => {
    for (const limit of ['0', '-1', '10001', 'ten', '1.5']) {
      assertException(await http(`/processes?limit=${limit}`), 400, 'invalid-query-parameter-value')
    }
    assert.ok((await http('/processes')).json<Processes>().processes.length <= 10)
  })

  it('pl-limit-response, pl-links', async () => {
    const all = (await http('/processes?limit=1000')).json<Processes>().processes.map(({ id }) => id)
    const paged: string[] = []
    for (let next: string | undefined = '/processes?limit=1'; next !== undefined;) {
      const { processes, links }: Processes = (await http(next)).json()
      assert.equal(processes.length, 1)
      paged.push(...processes.map(({ id }) => id))
      next = linkOf(links, 'next')?.href
    }
    assert.deepEqual(paged, all)
  })
})

describe('req/core: process description', () => {
  it('process-success', async () => {
    const answer = await http('/processes/echo')
    const process = answer.json<Linked & { id: string; version: string; jobControlOptions: string[] }>()
    assert.equal(answer.status, 200)
    assert.equal(process.id, 'echo')
    assert.ok(process.version)
    assert.equal(linkOf(process.links, `${relation}/execute`)?.href, `${stack.url}/processes/echo/execution`)
    assert.ok(process.links.every(({ href, type }) => href.startsWith(stack.url) && type))
  })

  it('process-exception-no-such-process', async () => {
    assertException(await http('/processes/no-such-process'), 404, 'no-such-process')
    assertException(await http('/processes/no.such.process'), 404, 'no-such-process')
    assert.equal((await http('/processes/x', { headers: { accept: 'application/json' } })).type, 'application/json')
    assert.equal((await http('/processes/x')).type, 'application/problem+json')
  })
})
