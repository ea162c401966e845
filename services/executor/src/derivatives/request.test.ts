import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readRequest } from '../grammar/request.ts'
import type { Planned } from './planning.ts'
import { printNumbers } from './print.ts'
import { probeRequest } from './request.ts'

const files = '[{"name":"mesh.dat","href":"/files/abcdefghijklmnopqrstu"}]'
const inputs = '{"n":12345678901234567890,"a":{"value":[[1,2],[3,4]]},"x":2.0,"name":"é"}'
const request = readRequest(
  `{"processId":"p","inputs":${inputs},"outputs":{},"warren":{"files":${files},"keepFiles":true,"timeoutMs":5}}`,
)
const at = { a: [1, 2, 3, 4], x: [2] }
const planned = { kind: 'jacobian', of: ['y'], at, inputs: { a: [[1, 2], [3, 4]], x: 2 } } as unknown as Planned // prettier-ignore

it('changes the values that vary, and leaves the rest of the inputs as it was written', () => {
  const place = { ...at, a: [1, 2.5, 3, 4e21] }
  const changed = '{"n":12345678901234567890,"a":[[1.0,2.5],[3.0,4e+21]],"x":2.0,"name":"é"}'
  assert.equal(
    probeRequest(request, planned, { name: 'a[1]', place }),
    `{"processId":"p","inputs":${changed},"outputs":{"y":{}},"warren":{"files":${files}}}`,
  )
})

it('asks for a derivative in place of outputs', () => {
  const ask = { kind: 'jvp', mode: 'complex_step', of: ['y'], wrt: ['x'], along: { x: [1] }, step: 1e-20 } as const
  const derive = '{"kind":"jvp","mode":"complex_step","of":["y"],"wrt":["x"],"along":{"x":[1.0]},"step":1e-20}'
  assert.equal(
    probeRequest(request, planned, { name: 'x', place: at, ask }),
    `{"processId":"p","inputs":${inputs},"outputs":{},"warren":{"files":${files},"derive":${derive}}}`,
  )
})

it('writes every number as a float, bit for bit, and says which is none', () => {
  const numbers = [1, -0, 0.1, 5e-324, 1e21, 123456789012345680000, -2.5e-8]
  const text = printNumbers(numbers)
  assert.equal(text, '[1.0,-0.0,0.1,5e-324,1e+21,123456789012345680000.0,-2.5e-8]')
  assert.deepEqual(JSON.parse(text), numbers)
  assert.throws(() => printNumbers({ y: { x: [[1, NaN]] } }, ['jacobian']), {
    code: 'BAD_RESULT',
    message: '/jacobian/y/x/0/1 is NaN',
  })
})
