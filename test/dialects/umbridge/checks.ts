import assert from 'node:assert/strict'
import { post, printed, type Answer } from './http-model.ts'

/** Asserts that a base refuses what is posted, with an error of the type. */
export function refusals(base: string): (route: string, body: unknown, type: string) => Promise<void> {
  return async (route, body, type) => {
    assertError(await post(`${base}/${route}`, body), 400, type, `${route} ${printed(body)}`)
  }
}

/** Exactly `{"error":{"type","message"}}`. */
export function assertError(answer: Answer, status: number, type = 'InvalidInput', what = ''): void {
  assert.deepEqual([answer.status, answer.type], [status, 'application/json'], `${what} ${answer.text}`)
  const { error, ...rest } = answer.json() as { error: { type: string; message: string } }
  assert.deepEqual(rest, {})
  assert.deepEqual(Object.keys(error), ['type', 'message'])
  assert.equal(error.type, type, `${what} ${answer.text}`)
  assert.ok(error.message.length > 0)
}

export function near(actual: readonly number[] | undefined, wanted: readonly number[], tolerance = 1e-6): void {
  const text = `${String(actual)} is not ${String(wanted)}`
  assert.equal(actual?.length, wanted.length, text)
  for (const [index, value] of wanted.entries()) {
    assert.ok(Math.abs((actual[index] as number) - value) <= tolerance * Math.max(1, Math.abs(value)), text)
  }
}

/** Of f(x) = 100 (x_1 - x_0²)² + (1 - x_0)², times `sens`. */
export function gradientOf([x_0 = 0, x_1 = 0]: readonly number[], sens = 1): number[] {
  const r = x_1 - x_0 ** 2
  return [sens * (-400 * x_0 * r - 2 * (1 - x_0)), sens * 200 * r]
}

/** Of a gradient `g`, along `v`, centred. */
export async function differences(
  g: (x: readonly number[]) => readonly number[] | Promise<readonly number[]>,
  x: readonly number[],
  v: readonly number[],
  step = 1e-3,
): Promise<number[]> {
  const moved = (by: number) => g(x.map((value, index) => value + by * (v[index] as number)))
  const [ahead, behind] = await Promise.all([moved(step), moved(-step)])
  return ahead.map((value, index) => (value - (behind[index] as number)) / (2 * step))
}
