import { WarrenError, type FileOfJob } from '@warren/contracts'
import { callOptions } from '../../call-options.ts'
import type { Context } from '../../context.ts'
import type { App, RequestContext } from '../../env.ts'
import { forward } from '../../forward.ts'
import { bare } from './errors.ts'
import { readNumber } from './job-query.ts'
import { slashed } from './paths.ts'
import { SERIES } from './run-request.ts'

/** A folder is an object, a file null. */
interface Tree {
  [name: string]: Tree | null
}

interface Found {
  /** Path → id */
  readonly files: ReadonlyMap<string, string>
  readonly emptyFolders: readonly string[]
}

/** `GET /v1/job/{id}/files` and `…/files/download?filename=`: what is in the folder of a job. */
export function jobFileRoutes(v1: App, context: Context): void {
  v1.on('GET', slashed('/job/:id/files'), async (c) => {
    const found = await find(c)
    return found ? c.json(treeOf(found)) : refused()
  })

  v1.on('GET', slashed('/job/:id/files/download'), async (c) => {
    const name = c.req.query('filename')
    if (name === undefined) return bare(422, 'filename is missing')
    const found = await find(c)
    if (!found) return refused()
    const { files } = found
    // the client does not encode a "+", which so arrives as a space
    const id = files.get(name) ?? files.get(name.replaceAll(' ', '+'))
    if (id === undefined) return bare(404, 'not found')
    // it follows no redirect either
    const fields = [['prefer', 'return=representation'] as const]
    return forward(c, context, { app: 'files', prefix: '', target: `/files/${id}`, fields })
  })

  /** Undefined when there is no such job, or it is somebody else's. */
  async function find(c: RequestContext): Promise<Found | undefined> {
    const number = readNumber(c.req.param('id'))
    if (typeof number === 'string') return undefined
    try {
      const { id } = await context.executor.findJob({ series: SERIES, number }, callOptions(c))
      const { files, emptyFolders } = await context.executor.listFiles({ id }, callOptions(c))
      const inFolder = files.filter(({ role, fileId }) => role !== 'log' && fileId !== null)
      return { files: new Map(inFolder.map((file) => [pathOf(file), file.fileId as string])), emptyFolders }
    } catch (error) {
      if (error instanceof WarrenError && error.code === 'NO_SUCH_JOB') return undefined
      throw error
    }
  }
}

function refused(): Response {
  return bare(401, 'The job does not exist or belongs to another user')
}

/** What was sent lies at the root, where the client thinks that it is. */
function pathOf({ path, role, name }: FileOfJob): string {
  return role === 'input' && name !== null ? path.slice(path.lastIndexOf('/') + 1) : path
}

function treeOf({ files, emptyFolders }: Found): Tree {
  const root = folder()
  for (const path of emptyFolders) enter(root, path.split('/'))
  for (const path of files.keys()) {
    const names = path.split('/')
    const file = names.pop() as string
    enter(root, names)[file] = null
  }
  return root
}

/** The folder behind these names, made where there is none yet. */
function enter(root: Tree, names: readonly string[]): Tree {
  return names.reduce((inner, name) => (inner[name] ??= folder()), root)
}

/** Without a prototype: any name is only a name. */
function folder(): Tree {
  return Object.create(null) as Tree
}
