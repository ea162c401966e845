import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { echo } from '../support/fake-context.ts'
import { shapeResults, wrapObjects, type Wish } from './result-shape.ts'

const wish: Wish = {
  response: undefined,
  byReference: new Set(),
  wantsNothing: false,
  byValue: new Set(),
  returning: undefined,
  maxInlineBytes: 10_000,
  accept: undefined,
  href: 'http://h/jobs/J1/results',
  describe: async () => echo,
}

async function shape(
  text: string,
  change: Partial<Wish>,
): Promise<{ status: number; type: string | null; body: string; link: string | null }> {
  const response = await shapeResults(text, { ...wish, ...change }, {})
  const { status, headers } = response
  return { status, type: headers.get('content-type'), body: await response.text(), link: headers.get('link') }
}

describe('the map of results', () => {
  it('wraps objects, and leaves every other byte as the process wrote it', () => {
    const flat = '{"a": 1.0, "b":[1e400,2.50], "c":"x", "d":12345678901234567890}'
    assert.equal(wrapObjects(flat), flat)
    assert.equal(
      wrapObjects('{"a":{"b":1.0},"c":[{"d":1.0}],"e":"{"}'),
      '{"a":{"value":{"b":1.0}},"c":[{"d":1.0}],"e":"{"}',
    )
  })

  it('is the answer unless something else is asked for', async () => {
    const text = '{"a":1.0,"b":2.0}'
    for (const change of [{}, { response: 'document' }, { response: 'raw', accept: 'application/json' }] as const) {
      const { status, type, body } = await shape(text, change)
      assert.deepEqual({ status, type, body }, { status: 200, type: 'application/json', body: text })
    }
  })

  it('holds links in place of values by reference', async () => {
    const { body } = await shape('{"a":1.0,"b":{"c":2.0}}', { byReference: new Set(['a']) })
    const link = '{"href":"http://h/jobs/J1/results/a","rel":"item","type":"application/json"}'
    assert.equal(body, `{"a":${link},"b":{"value":{"c":2.0}}}`)
  })

  it('holds links in place of large values for return=minimal', async () => {
    const { body } = await shape(`{"a":1.0,"b":"${'x'.repeat(5_000)}"}`, { returning: 'minimal' })
    assert.match(body, /^\{"a":1\.0,"b":\{"href":"http:\/\/h\/jobs\/J1\/results\/b"/)
  })

  it('holds links in place of values that are too large, with their types, unless the client wants the values', async () => {
    const long = 'x'.repeat(10_001)
    const text = `{"a":1.0,"picture":"${long}","list":["${long}"],"text":"short"}`
    const links = ['picture', 'list'].map((name) => {
      const type = name === 'picture' ? 'image/png' : 'application/json'
      return `"${name}":{"href":"http://h/jobs/J1/results/${name}","rel":"item","type":"${type}"}`
    })
    assert.equal((await shape(text, {})).body, `{"a":1.0,${links.join()},"text":"short"}`)
    assert.equal((await shape(text, { returning: 'representation' })).body, text)
    assert.equal((await shape(text, { byValue: new Set(['picture', 'list']) })).body, text)
    assert.equal((await shape(`{"list":["${long}"]}`, { response: 'raw' })).body, `["${long}"]`)
    const together = `{"a":"${'x'.repeat(9_000)}","b":"${'y'.repeat(9_000)}"}`
    assert.equal((await shape(together, {})).body, together)
  })
})

describe('raw results', () => {
  it('one value in its media type', async () => {
    const raw = { response: 'raw' } as const
    assert.deepEqual(await shape('{"a":1.0}', raw), { status: 200, type: 'application/json', body: '1.0', link: null })
    const text = await shape('{"text":"hi \\u00e4"}', raw)
    assert.deepEqual([text.type, text.body], ['text/plain;charset=utf-8', 'hi ä'])
    const asJson = await shape('{"text":"hi"}', { ...raw, accept: 'application/json' })
    assert.deepEqual([asJson.type, asJson.body], ['application/json', '"hi"'])
    const picture = await shape('{"picture":"aGk="}', raw)
    assert.deepEqual([picture.type, picture.body], ['image/png', 'hi'])
    await assert.rejects(shape('{"a":1}', { ...raw, accept: 'image/png' }), { code: 'NOT_ACCEPTABLE' })
  })

  it('several values as multipart/related', async () => {
    const { type, body } = await shape('{"text":"hi","a":{"b":1.0}}', { response: 'raw' })
    const boundary = /^multipart\/related; boundary="([^"]+)"/.exec(type ?? '')?.[1] as string
    const parts = body.split(`--${boundary}`)
    assert.equal(parts.length, 4)
    assert.equal(parts[1], '\r\nContent-ID: text\r\nContent-Type: text/plain;charset=utf-8\r\n\r\nhi\r\n')
    assert.equal(parts[2], '\r\nContent-ID: a\r\nContent-Type: application/json\r\n\r\n{"b":1.0}\r\n')
    assert.equal(parts[3], '--\r\n')
    assert.match((await shape('{"a":1}', { accept: 'multipart/related' })).type ?? '', /^multipart/)
  })

  it('mixed with references', async () => {
    const { body } = await shape('{"a":1.0,"b":2.0}', { response: 'raw', byReference: new Set(['b']) })
    assert.match(body, /Content-ID: b\r\nContent-Location: http:\/\/h\/jobs\/J1\/results\/b\r\n\r\n\r\n--/)
  })

  it('all by reference: 204 and one Link each', async () => {
    const { status, link, body } = await shape('{"a":1,"b":2}', { response: 'raw', byReference: new Set(['a', 'b']) })
    assert.deepEqual([status, body], [204, ''])
    assert.equal(link?.split(', ').length, 2)
  })

  it('nothing when nothing was asked for', async () => {
    assert.equal((await shape('{}', { wantsNothing: true })).status, 204)
  })
})
