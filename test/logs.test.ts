import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Answer } from './support/http.ts'
import { dataOf, idOf, readSse, type Reader } from './support/sse.ts'
import { startPlatform } from './support/platform.ts'
import { eventually } from './support/wait.ts'

// What a job prints and measures is there while it runs and afterwards, however it ends and however much it is.

const here = import.meta.dirname
const { stack, http, jobs, ledger } = await startPlatform({
  processes: [join(here, '../processes'), join(here, 'processes')],
  slots: 2,
})

interface Line {
  readonly no: number
  readonly attempt: number
  readonly stream: string
  readonly level: string
  readonly line: string
}

interface Page {
  readonly lines: Line[]
  readonly last: number
  readonly more: boolean
  readonly over: boolean
}

const json = { headers: { accept: 'application/json' } }
const follow = (path: string, headers?: Record<string, string>): Promise<Reader> =>
  readSse(`${stack.url}${path}`, headers)
const textOf = (lines: readonly Pick<Line, 'line'>[]): string => lines.map(({ line }) => `${line}\n`).join('')

async function linesOf(id: string, query = ''): Promise<Line[]> {
  return (await http(`/jobs/${id}/logs?limit=10000${query}`, json)).json<Page>().lines
}

async function chatter(inputs: object, states: readonly string[] = ['successful']): Promise<string> {
  const id = await jobs.submit('chatter', inputs)
  await jobs.until(id, states)
  return id
}

describe('the log of a job', () => {
  it('is there while it runs, in three forms that agree', async () => {
    const id = await jobs.submit('chatter', { lines: 40, pause: 0.05 })
    const live = await eventually('the job', 5_000, async () => follow(`/jobs/${id}/logs`))
    await live.has(5)
    const soFar = await http(`/jobs/${id}/logs`)
    assert.equal(soFar.type, 'text/plain; charset=utf-8')
    assert.match(soFar.text, /^begins\nline 0\nline 1\n/)
    const page = (await http(`/jobs/${id}/logs`, json)).json<Page>()
    assert.ok(page.lines.length >= 5 && !page.over)
    assert.equal((await jobs.status(id)).status, 'running')
    await live.end()
    const told = live.frames().map((frame) => dataOf<Line>(frame))
    const lines = await linesOf(id)
    assert.deepEqual(told, lines)
    assert.deepEqual(
      live.frames().map(idOf),
      lines.map(({ no }) => String(no)),
    )
    assert.deepEqual(
      lines.map(({ no }) => no),
      lines.map((_, n) => n + 1),
    )
    assert.equal((await http(`/jobs/${id}/logs`)).text, textOf(lines))
    const late = await follow(`/jobs/${id}/logs`)
    await late.end()
    assert.equal(late.text(), live.text())
    assert.equal(
      (
        await http(`/jobs/${id}/logs`, {
          headers: { accept: 'text/event-stream', 'last-event-id': String(live.lastId()) },
        })
      ).status,
      204,
    )
    const rest = await follow(`/jobs/${id}/logs`, { 'last-event-id': '10' })
    await rest.end()
    assert.deepEqual(rest.frames(), live.frames().slice(10))
  })

  it('is read by stream and by level, and page by page', async () => {
    const id = await chatter({ lines: 30 })
    const all = await linesOf(id)
    const kinds = new Map(all.map(({ line, stream, level }) => [line.replace(/\d+/, 'n'), `${stream} ${level}`]))
    assert.deepEqual(
      kinds,
      new Map([
        ['begins', 'log debug'],
        ['line n', 'stdout info'],
        ['on the other stream', 'stderr warning'],
        ['two', 'log error'],
        ['lines', 'log error'],
      ]),
    )
    const sorted = (lines: readonly Line[]): string[] => lines.map(({ line }) => line).toSorted()
    assert.deepEqual(sorted(await linesOf(id, '&level=warning')), ['lines', 'on the other stream', 'two'])
    assert.deepEqual(sorted(await linesOf(id, '&stream=stderr')), ['on the other stream'])
    assert.deepEqual(sorted(await linesOf(id, '&stream=stderr,log&level=error')), ['lines', 'two'])
    const wanted = textOf(all.filter(({ stream }) => stream !== 'stdout'))
    assert.equal((await http(`/jobs/${id}/logs?stream=stderr&stream=log`)).text, wanted)
    const filtered = await follow(`/jobs/${id}/logs?level=error`)
    await filtered.end()
    assert.deepEqual(
      filtered.frames().map((frame) => dataOf<Line>(frame).line),
      ['two', 'lines'],
    )

    const found: Line[] = []
    for (let page: Page | undefined; !page?.over;) {
      page = (await http(`/jobs/${id}/logs?limit=7&after=${page?.last ?? 0}`, json)).json<Page>()
      assert.ok(page.lines.length === 7 || page.over)
      found.push(...page.lines)
    }
    assert.deepEqual(found, all)
  })

  it('has bytes, and ranges of them', async () => {
    const id = await chatter({ lines: 20_000, text: 'zwölf Boxkämpfer 🥊' })
    const whole = await http(`/jobs/${id}/logs`)
    const bytes = Buffer.from(whole.text)
    assert.equal(whole.headers.get('content-length'), String(bytes.length))
    assert.equal(whole.headers.get('accept-ranges'), 'bytes')
    const ask = (range: string): Promise<Answer> => http(`/jobs/${id}/logs`, { headers: { range } })
    const [from, to] = [bytes.indexOf('4711'), bytes.indexOf('14711') + 5]
    for (const [range, first, end] of [
      [`bytes=0-9`, 0, 10],
      [`bytes=${from}-${to - 1}`, from, to],
      [`bytes=${to}-`, to, bytes.length],
      [`bytes=-100`, bytes.length - 100, bytes.length],
      [`bytes=${from}-${bytes.length * 2}`, from, bytes.length],
    ] as const) {
      const part = await ask(range)
      assert.equal(part.status, 206, range)
      assert.equal(part.headers.get('content-range'), `bytes ${first}-${end - 1}/${bytes.length}`)
      assert.equal(part.text, bytes.subarray(first, end).toString(), range)
    }
    const beyond = await ask(`bytes=${bytes.length}-`)
    assert.deepEqual(
      [beyond.status, beyond.json()['code'], beyond.json()['bytes']],
      [416, 'RANGE_NOT_SATISFIABLE', bytes.length],
    )
    for (const ignored of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-1']) assert.equal((await ask(ignored)).status, 200)
    const head = await http(`/jobs/${id}/logs`, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)])
  })

  it('is asked for in words that fit', async () => {
    const id = await chatter({ lines: 1 })
    const codeOf = async (path: string, headers: Record<string, string> = {}): Promise<unknown[]> => {
      const answer = await http(path, { headers })
      return [answer.status, answer.json()['code']]
    }
    assert.deepEqual(await codeOf('/jobs/nobody/logs'), [404, 'NO_SUCH_JOB'])
    assert.deepEqual(await codeOf('/jobs/nobody/metrics'), [404, 'NO_SUCH_JOB'])
    assert.deepEqual(await codeOf(`/jobs/${id}/logs`, { accept: 'image/png' }), [406, 'NOT_ACCEPTABLE'])
    assert.deepEqual(await codeOf(`/jobs/${id}/metrics`, { accept: 'text/plain' }), [406, 'NOT_ACCEPTABLE'])
    assert.deepEqual(await codeOf(`/jobs/${id}/logs?level=loud`), [400, 'BAD_QUERY'])
    assert.deepEqual(await codeOf(`/jobs/${id}/logs?stream=stdin`), [400, 'BAD_QUERY'])
    assert.deepEqual(await codeOf(`/jobs/${id}/logs?after=1`), [400, 'BAD_QUERY'])
    assert.deepEqual(await codeOf(`/jobs/${id}/logs?limit=0`, json.headers), [400, 'BAD_QUERY'])
    const silent = await jobs.submit('echo', { text: 'hi' })
    await jobs.end(silent)
    const nothing = await http(`/jobs/${silent}/logs`)
    assert.deepEqual([nothing.status, nothing.text], [200, ''])
    assert.deepEqual(await codeOf(`/jobs/${silent}/logs`, { range: 'bytes=0-' }), [416, 'RANGE_NOT_SATISFIABLE'])
  })

  it('is kept of jobs that failed, crashed and were stopped, and goes with the job', async () => {
    const endings = {
      raise: await chatter({ how: 'raise' }, ['failed']),
      kill: await chatter({ how: 'kill' }, ['failed']),
      stay: await jobs.submit('chatter', { how: 'stay' }),
    }
    await eventually('its last line', 10_000, async () =>
      (await http(`/jobs/${endings.stay}/logs`)).text.includes('two\nlines'),
    )
    await http(`/jobs/${endings.stay}/control`, { method: 'POST', json: { action: 'stop' } })
    assert.equal((await jobs.end(endings.stay)).status, 'dismissed')
    for (const [how, id] of Object.entries(endings)) {
      const { text } = await http(`/jobs/${id}/logs`)
      for (let n = 0; n < 10; n++) assert.ok(text.includes(`line ${n}\n`), `${how}: ${text}`)
      assert.ok(text.includes('two\nlines\n'), how)
      assert.equal((await http(`/jobs/${id}/logs`, json)).json<Page>().over, true)
    }
    const id = endings.stay
    assert.equal((await http(`/jobs/${id}`, { method: 'DELETE' })).status, 200)
    assert.equal((await http(`/jobs/${id}/logs`)).status, 404)
    assert.deepEqual([...(await ledger.sql`select from executor.records where job_id = ${id}`)], [])
  })

  it('is one log over all attempts', async () => {
    const id = await chatter({ lines: 2, how: 'kill' }, ['failed'])
    assert.equal((await jobs.status(id)).warren.attempt, 2)
    const lines = await linesOf(id)
    assert.deepEqual(
      lines.map(({ no }) => no),
      lines.map((_, n) => n + 1),
    )
    for (const attempt of [1, 2]) {
      const own = lines.filter((line) => line.attempt === attempt && line.stream === 'stdout')
      assert.equal(textOf(own), 'line 0\nline 1\n')
    }
    assert.deepEqual(
      lines.map(({ attempt }) => attempt),
      lines.map(({ attempt }) => attempt).toSorted((a, b) => a - b),
    )
    assert.equal((await http(`/jobs/${id}/logs`)).text, textOf(lines))
  })

  it('of a synchronous run is there when its answer is', async () => {
    const answer = await jobs.run('chatter', { lines: 3 })
    const [, job = ''] = /<([^>]+)>; rel="monitor"/.exec(answer.headers.get('link') ?? '') ?? []
    assert.equal((await http(`${job}/logs?stream=stdout`)).text, 'line 0\nline 1\nline 2\n')
  })
})

describe('metrics', () => {
  it('are series while the job runs and after, and a stream', async () => {
    const id = await jobs.submit('heat', { steps: 20_000 })
    const live = await follow(`/jobs/${id}/metrics`)
    await live.end(60_000)
    interface Series {
      readonly series: { name: string; points: [number | null, number, string][] }[]
      readonly last: number
      readonly over: boolean
    }
    const read = async (query = ''): Promise<Series> => (await http(`/jobs/${id}/metrics${query}`)).json<Series>()
    const { series, last, over } = await read()
    assert.deepEqual(
      series.map(({ name, points }) => [name, points.length]),
      [
        ['maximum', 200],
        ['energy', 200],
      ],
    )
    assert.deepEqual([last, over], [400, true])
    assert.deepEqual(
      series[0]?.points.map(([step]) => step),
      Array.from({ length: 200 }, (_, n) => (n + 1) * 100),
    )
    const values = series[0]?.points.map(([, value]) => value) ?? []
    assert.deepEqual(
      values,
      values.toSorted((a, b) => b - a),
      'a rod only cools',
    )
    const told = live
      .frames()
      .map((frame) => dataOf<{ name: string; value: number; step: number; time: string }>(frame))
    assert.deepEqual(
      told.filter(({ name }) => name === 'maximum').map(({ step, value, time }) => [step, value, time]),
      series[0]?.points,
    )
    const one = await read('?name=energy&limit=3')
    assert.deepEqual(one.series, [{ name: 'energy', points: series[1]?.points.slice(0, 3) }])
    assert.deepEqual((await read(`?name=energy&after=${one.last}`)).series[0]?.points, series[1]?.points.slice(3))
  })
})

describe('a flood of 100,000 lines', () => {
  const COUNT = 100_000
  const residentMiB = (): number => {
    const [, kB] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${stack.pid('gateway')}/status`, 'utf8')) ?? []
    return Number(kB) / 1_024
  }
  const printed = (reader: Reader): string[] =>
    reader.frames().flatMap((frame) => {
      const { stream, line } = dataOf<Line>(frame)
      return stream === 'stdout' ? [line] : []
    })

  it('loses nothing, is told live, and holds up neither others nor those who read fast', async () => {
    const expected = Array.from({ length: COUNT }, (_, n) => `flood ${n}`)
    const id = await jobs.submit('chatter', { lines: COUNT, text: 'flood' })
    const slow = await follow(`/jobs/${id}/logs`)
    slow.pause()
    const fast = await follow(`/jobs/${id}/logs`)
    let slowest = 0
    const asking = (async () => {
      while (!fast.ended()) {
        const since = performance.now()
        assert.equal((await http(`/jobs/${id}`)).status, 200)
        slowest = Math.max(slowest, performance.now() - since)
      }
    })()
    await fast.end(60_000)
    await asking
    assert.equal((await jobs.status(id)).status, 'successful')
    assert.deepEqual(printed(fast), expected)
    assert.ok(slowest < 250, `another request took ${slowest.toFixed(0)} ms`)

    // who stood still is moved back to what is stored, and misses nothing either
    assert.equal(slow.ended(), false)
    const before = residentMiB()
    slow.resume()
    await slow.end(60_000)
    assert.equal(slow.text(), fast.text())
    assert.ok(residentMiB() - before < 200)

    const { text } = await http(`/jobs/${id}/logs?stream=stdout`)
    assert.equal(text, expected.map((line) => `${line}\n`).join(''))
    const [row] = await ledger.sql<{ rows: number }[]>`
select count(*)::int as rows from executor.records where job_id = ${id}`
    assert.ok(row && row.rows < 1_000, `${row?.rows} rows`)
  })
})
