import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { defineProcess } from '@warren/worker'

const number = { type: 'number' } as const

export default defineProcess({
  id: 'Sellar1File',
  version: '1.0.0',
  title: 'Sellar, discipline 1, with files',
  description:
    'y_1 = sqrt(|x_shared_0² + x_shared_1 + x_1 - gamma y_2|), with x_shared read from a JSON file such as ' +
    '{"x_shared": [1.0, 0.0]} and y_1 written to one. It leaves a tree of files behind.',
  keywords: ['multidisciplinary', 'Sellar', 'files'],
  inputs: {
    x_1: { schema: { ...number, default: 0 } },
    y_2: { title: 'Coupling variable of Sellar2', schema: { ...number, default: 1 } },
    gamma: { schema: { ...number, default: 0.2 } },
    x_shared_file: {
      title: 'Shared design variables, as a JSON file',
      schema: {
        type: 'string',
        format: 'file',
        contentMediaType: 'application/json',
        default: '{"x_shared": [1.0, 0.0]}',
      },
    },
    pause: { title: 'Seconds to wait first', option: true, schema: { ...number, minimum: 0, default: 0 } },
    fail: { title: 'Fail with this message', option: true, schema: { type: 'string' }, minOccurs: 0 },
  },
  outputs: {
    y_1: { schema: number },
    y_1_file: {
      title: 'y_1, as a JSON file',
      schema: { type: 'string', format: 'file', contentMediaType: 'application/json' },
    },
  },
  keepFiles: true,
  async run({ x_1, y_2, gamma, x_shared_file, pause, fail }, { workdir, signal }) {
    if (pause) await setTimeout(pause * 1000, undefined, { signal })
    if (fail) throw new Error(fail)
    const [z_0, z_1] = await readShared(x_shared_file)
    const y_1 = Math.sqrt(Math.abs(z_0 ** 2 + z_1 + x_1 - gamma * y_2))
    await mkdir(join(workdir, 'data/sub_data'), { recursive: true })
    await mkdir(join(workdir, 'data/empty'))
    await writeFile(join(workdir, 'output_file.json'), JSON.stringify({ y_1 }))
    for (const file of ['file0.txt', 'data/file1.txt', 'data/sub_data/file2.txt']) {
      await writeFile(join(workdir, file), `${file}: y_1 is ${y_1}\n`)
    }
    return { y_1, y_1_file: 'output_file.json' }
  },
})

async function readShared(path: string): Promise<[number, number]> {
  const { x_shared } = JSON.parse(await readFile(path, 'utf8')) as { x_shared?: unknown }
  if (Array.isArray(x_shared) && x_shared.length === 2 && x_shared.every(Number.isFinite)) {
    return x_shared as [number, number]
  }
  throw new Error('x_shared is no array of two numbers')
}
