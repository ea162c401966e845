import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { sha256, someBytes } from '../support/files.ts'
import { startPlatform } from '../support/platform.ts'

const folder = fileURLToPath(new URL('kinds', import.meta.url))
const { stack, http } = await startPlatform({ processes: [folder] })
const sql = postgres(stack.databaseUrl, { max: 1, onnotice: () => {} })
after(() => sql.end())

const password = 'correct horse'
for (const name of ['ada', 'bob', 'gone']) {
  assert.equal((await http('/users', { method: 'POST', json: { name, password } })).status, 201)
}
const ada = await tokenOf('ada')
const bob = await tokenOf('bob')

interface File {
  readonly id: number
  readonly filename: string
  readonly unique_filename: string
  readonly sha256sum: string
  readonly user_id: number
}

async function logIn(fields: Record<string, string>): Promise<Response> {
  return await fetch(`${stack.url}/token`, { method: 'POST', body: new URLSearchParams(fields) })
}

async function tokenOf(username: string): Promise<string> {
  return ((await (await logIn({ username, password })).json()) as { access_token: string }).access_token
}

async function ask(path: string, init: RequestInit = {}, token: string | undefined = ada) {
  const headers = new Headers(init.headers)
  if (token) headers.set('authorization', `Bearer ${token}`)
  const answer = await fetch(`${stack.url}/v1${path}`, { redirect: 'manual', ...init, headers })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) as unknown }
}

async function post(path: string, json?: unknown) {
  return await ask(path, { method: 'POST', ...(json !== undefined && { body: JSON.stringify(json) }) })
}

describe('/token', () => {
  it('gives a token, under the names of version 1 and of version 3', async () => {
    const answer = await logIn({ username: 'ada', password, grant_type: 'password', scope: '' })
    assert.equal(answer.status, 200)
    const { access_token, token, token_type, ...rest } = (await answer.json()) as Record<string, string>
    assert.match(access_token as string, /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.equal(token, access_token)
    assert.equal(token_type, 'bearer')
    assert.deepEqual(rest, {})
    const { sub, exp } = JSON.parse(
      Buffer.from((access_token as string).split('.')[1] as string, 'base64url').toString(),
    ) as { sub: string; exp: number }
    assert.match(sub, /^user-/)
    assert.ok(Math.abs(exp - Date.now() / 1_000 - 604_800) < 60)
  })

  it('refuses in the words of the original', async () => {
    const wrong = await logIn({ username: 'ada', password: 'wrong' })
    assert.equal(wrong.status, 401)
    assert.equal(wrong.headers.get('www-authenticate'), 'Bearer')
    assert.deepEqual(await wrong.json(), { detail: 'Incorrect username or password' })
    assert.deepEqual(await (await logIn({ username: 'nobody', password })).json(), {
      detail: 'Incorrect username or password',
    })
    const incomplete = await logIn({ username: 'ada' })
    assert.equal(incomplete.status, 422)
    assert.deepEqual(await incomplete.json(), {
      detail: [{ type: 'missing', loc: ['body', 'password'], msg: 'Field required', input: null }],
    })
    assert.equal((await logIn({ username: 'ada', password, grant_type: 'client_credentials' })).status, 422)
  })
})

describe('who asks', () => {
  const routes: [method: string, path: string][] = [
    ['GET', '/user/me/'],
    ['GET', '/discipline'],
    ['POST', '/discipline/Kinds/inputs_schema'],
    ['GET', '/file'],
    ['POST', '/file/upload'],
  ]

  it('must show a token, on loopback too', async () => {
    for (const [method, path] of routes) {
      for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
        const answer = await ask(path, { method, headers }, '')
        assert.equal(answer.status, 401, path)
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
        assert.deepEqual(answer.json(), { detail: 'Not authenticated' })
      }
    }
  })

  it('is not known by a token that is forged or whose time is over', async () => {
    const [{ key }] = (await sql`select key from registry.token_key`) as unknown as [{ key: string }]
    const [head = '', claims = ''] = ada.split('.')
    const { sub, gen } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sub: string; gen: number }
    const old = Buffer.from(JSON.stringify({ sub, gen, exp: Math.floor(Date.now() / 1_000) - 1 })).toString('base64url')
    const signed = (text: string, secret: string | Buffer) =>
      `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
    for (const token of [signed(`${head}.${old}`, Buffer.from(key, 'base64')), signed(`${head}.${claims}`, 'secret')]) {
      const answer = await ask('/discipline', {}, token)
      assert.equal(answer.status, 401)
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer')
      assert.deepEqual(answer.json(), { detail: 'Could not validate credentials' })
      // the poll takes an object for a job without a status
      assert.equal((await ask('/job/1', {}, token)).text, '"Could not validate credentials"')
    }
  })

  it('may be inactive', async () => {
    const token = await tokenOf('gone')
    await http('/users/gone', { method: 'PATCH', json: { disabled: true } })
    const answer = await ask('/user/me/', {}, token)
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.json(), { detail: 'Inactive user' })
    await http('/users/gone', { method: 'PATCH', json: { disabled: false } })
  })

  it('is told who he is, without the hash of his password', async () => {
    for (const path of ['/user/me/', '/user/me']) {
      const { id, ...me } = (await ask(path)).json() as Record<string, unknown>
      assert.ok(Number.isInteger(id))
      assert.deepEqual(me, { username: 'ada', email: null, full_name: null, disabled: false })
    }
  })
})

describe('/v1/discipline', () => {
  it('lists the processes whose inputs and outputs fit', async () => {
    assert.deepEqual((await ask('/discipline')).json(), ['Kinds', 'Sum'])
    assert.deepEqual((await ask('/discipline/')).json(), ['Kinds', 'Sum'])
  })

  it('names inputs and outputs, and leaves out what it cannot express', async () => {
    for (const body of [undefined, {}, { discipline_options: {} }, { discipline_options: null }]) {
      const names = await post('/discipline/Kinds/input_names', body)
      assert.deepEqual(names.json(), ['x', 'a', 'n', 'word', 'mesh', 'note'])
    }
    assert.deepEqual((await post('/discipline/Kinds/output_names/')).json(), ['y', 'counts', 'report'])
  })

  it('gives grammars as flat JSON Schemas', async () => {
    const numbers = { type: 'array', items: { type: 'number' } }
    const integers = { type: 'array', items: { type: 'integer' } }
    const string = { type: 'string' }
    assert.deepEqual((await post('/discipline/Kinds/inputs_schema', { discipline_options: {} })).json(), {
      $schema: 'http://json-schema.org/schema#',
      type: 'object',
      properties: {
        x: { ...numbers, description: 'A vector' },
        a: numbers,
        n: integers,
        word: string,
        mesh: string,
        note: string,
      },
      required: ['x', 'a', 'n', 'word', 'mesh'],
    })
    assert.deepEqual((await post('/discipline/Kinds/outputs_schema')).json(), {
      $schema: 'http://json-schema.org/schema#',
      type: 'object',
      properties: { y: numbers, counts: integers, report: string },
      required: ['y', 'counts', 'report'],
    })
  })

  it('gives default values in which floats are floats', async () => {
    const { text } = await post('/discipline/Kinds/default_input_data')
    assert.equal(text, '{"x":[1.0,0.5,1e+21],"a":[1.0],"n":[2],"word":"1 and 2"}')
  })

  it('says which classes there are when one is not', async () => {
    for (const what of ['input_names', 'output_names', 'inputs_schema', 'outputs_schema', 'default_input_data']) {
      for (const name of ['Nope', 'Nested', 'a b', '1']) {
        const answer = await post(`/discipline/${encodeURIComponent(name)}/${what}`)
        assert.equal(answer.status, 404)
        assert.deepEqual(answer.json(), {
          detail: `The class ${name} is not available; the available ones are: Kinds, Sum.`,
        })
      }
    }
  })

  it('describes a discipline as its options make it', async () => {
    const named = (discipline_options?: object) => post('/discipline/Sum/input_names', { discipline_options })
    assert.deepEqual((await named()).json(), ['a', 'b'])
    assert.deepEqual((await named({ name: 'the object' })).json(), ['a', 'b'])
    assert.deepEqual((await named({ terms: ['u', 'v', 'w'], name: 'the object' })).json(), ['u', 'v', 'w'])
    const options = { discipline_options: { terms: ['u'] } }
    assert.equal((await post('/discipline/Sum/default_input_data', options)).text, '{"u":[0.0]}')
    for (const bad of [{ terms: 3 }, { unheard: 1 }]) {
      const answer = await named(bad)
      assert.equal(answer.status, 422)
      assert.ok((answer.json() as { detail: string }).detail)
    }
  })

  it('refuses options that are none', async () => {
    const answer = await post('/discipline/Kinds/input_names', { discipline_options: 3 })
    assert.equal(answer.status, 422)
    assert.deepEqual(answer.json(), {
      detail: [
        {
          type: 'dict_type',
          loc: ['body', 'discipline_options'],
          msg: 'Input should be a valid dictionary',
          input: 3,
        },
      ],
    })
    assert.equal((await ask('/discipline/Kinds/input_names', { method: 'POST', body: '{' })).status, 422)
  })
})

describe('/v1/file', () => {
  /** As the client sends it: which chunk comes before the bytes. */
  function formOf(number: number, total: number, ...files: [name: string, bytes: Uint8Array<ArrayBuffer>][]): FormData {
    const form = new FormData()
    form.append('total_chunks', String(total))
    form.append('chunk_number', String(number))
    for (const [name, bytes] of files) form.append('files', new globalThis.File([bytes], name))
    return form
  }

  async function send(form: FormData, token = ada) {
    return await ask('/file/upload', { method: 'POST', body: form }, token)
  }

  /** The chunks that the client makes: behind a whole number of them comes an empty one. */
  function chunksOf(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer>[] {
    const count = Math.floor(bytes.byteLength / size) + 1
    return Array.from({ length: count }, (_, at) => bytes.slice(at * size, (at + 1) * size))
  }

  async function upload(name: string, chunks: readonly Uint8Array<ArrayBuffer>[], token = ada): Promise<File> {
    for (const [at, chunk] of chunks.entries()) {
      const answer = await send(formOf(at, chunks.length, [name, chunk]), token)
      assert.equal(answer.status, 200, answer.text)
      if (at < chunks.length - 1) assert.equal(typeof answer.json(), 'string')
      else return (answer.json() as [File])[0]
    }
    throw new Error('there was no chunk')
  }

  async function contentOf({ unique_filename: id }: File, token = ada): Promise<Buffer> {
    const answer = await fetch(`${stack.url}/files/${id}`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(answer.status, 200)
    return Buffer.from(await answer.arrayBuffer())
  }

  for (const [what, length, size, count] of [
    ['one chunk', 90_000, 100_000, 1],
    ['two chunks', 190_000, 100_000, 2],
    ['five chunks', 450_000, 100_000, 5],
    ['a multiple of the chunk size', 300_000, 100_000, 4],
    ['an empty file', 0, 100_000, 1],
    ['chunks of one byte', 3, 1, 4],
  ] as const) {
    it(`takes ${what}`, async () => {
      const bytes = someBytes(length)
      const chunks = chunksOf(bytes, size)
      assert.equal(chunks.length, count)
      const name = `${what}.dat`
      const file = await upload(name, chunks)
      assert.deepEqual(Object.keys(file), ['id', 'filename', 'unique_filename', 'sha256sum', 'user_id'])
      assert.equal(file.filename, name)
      assert.equal(file.sha256sum, sha256(bytes))
      assert.ok((await contentOf(file)).equals(bytes))
      const listed = (await ask('/file')).json() as File[]
      assert.deepEqual(
        listed.find(({ id }) => id === file.id),
        file,
      )
    })
  }

  it('takes several files at once, whole or in chunks', async () => {
    const [one, two] = [someBytes(1_000, 1), someBytes(2_000, 2)]
    const whole = await send(formOf(0, 1, ['one', one], ['two', two], ['one', two]))
    const files = whole.json() as File[]
    assert.deepEqual(
      files.map(({ filename, sha256sum }) => [filename, sha256sum]),
      [
        ['one', sha256(one)],
        ['two', sha256(two)],
        ['one', sha256(two)],
      ],
    )
    await send(formOf(0, 2, ['a', one], ['b', two]))
    const parts = (await send(formOf(1, 2, ['a', two], ['b', one]))).json() as File[]
    assert.ok((await contentOf(parts[0] as File)).equals(Buffer.concat([one, two])))
    assert.ok((await contentOf(parts[1] as File)).equals(Buffer.concat([two, one])))
  })

  it('does not mix what two users send under one name at once', async () => {
    const [hers, his] = [someBytes(500_000, 3), someBytes(500_000, 4)]
    const sent = await Promise.all([
      upload('mesh.dat', chunksOf(hers, 100_000)),
      upload('mesh.dat', chunksOf(his, 100_000), bob),
    ])
    assert.deepEqual(
      sent.map(({ sha256sum }) => sha256sum),
      [sha256(hers), sha256(his)],
    )
    assert.notEqual(sent[0].user_id, sent[1].user_id)
  })

  it('begins anew, takes a chunk twice, and notices one that is missing', async () => {
    const chunks = chunksOf(someBytes(250_000, 5), 100_000) as [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]]
    const at = (number: number) => send(formOf(number, 3, ['again.dat', chunks[number] as Uint8Array<ArrayBuffer>]))
    assert.equal((await at(1)).status, 409)
    await at(0)
    assert.equal((await at(2)).status, 409)
    await at(1)
    await at(0)
    await at(1)
    await at(1)
    const [file] = (await at(2)).json() as [File]
    assert.equal(file.sha256sum, sha256(Buffer.concat(chunks)))
    const left = await fetch(`${stack.url}/files/uploads?key=${encodeURIComponent('again.dat/0/3')}`, {
      headers: { authorization: `Bearer ${ada}` },
    })
    assert.deepEqual(await left.json(), { uploads: [] })
  })

  it('shows and gives nobody the files of others', async () => {
    const file = await upload('hers.dat', [someBytes(10)])
    const listed = (await ask('/file', {}, bob)).json() as File[]
    assert.ok(!listed.some(({ unique_filename: id }) => id === file.unique_filename))
    const path = `${stack.url}/files/${file.unique_filename}`
    assert.equal((await fetch(path, { headers: { authorization: `Bearer ${bob}` } })).status, 404)
  })

  it('shows an administrator no more than others', async () => {
    await upload('theirs.dat', [someBytes(10)])
    await http('/users', { method: 'POST', json: { name: 'chief', password, roles: ['admin'] } })
    assert.deepEqual((await ask('/file', {}, await tokenOf('chief'))).json(), [])
  })

  it('keeps of a name only what is a name', async () => {
    assert.equal((await upload('../../etc/passwd', [someBytes(10)])).filename, 'passwd')
    assert.equal((await upload('/abs/x.dat', chunksOf(someBytes(10), 4))).filename, 'x.dat')
    assert.equal((await send(formOf(0, 1, ['..', someBytes(1)]))).status, 422)
  })

  it('says what is missing or wrong in a form', async () => {
    const missing = { type: 'missing', loc: ['body', 'files'], msg: 'Field required', input: null }
    assert.deepEqual((await send(formOf(0, 1))).json(), { detail: [missing] })
    assert.equal((await post('/file/upload', {})).status, 422)
    for (const [number, total] of [
      [1, 1],
      [-1, 2],
      [0, 0],
    ] as const) {
      assert.equal((await send(formOf(number, total, ['a', someBytes(1)]))).status, 422)
    }
  })
})
