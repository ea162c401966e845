import {
  commonErrors,
  FolderDocument,
  FolderEntry,
  FolderId,
  FolderList,
  FolderPath,
  NewFolder,
  Sha256,
  type Code,
  type RouteDocument,
} from '@warren/contracts'
import { z } from 'zod'
import { bytes, conditions, declared, json, reading, refusals, routesOf } from './file-documents.ts'

const route = routesOf('folders')

const owner = z.string().optional().meta({ description: 'Whose it is, for administrators; else who asks' })
const ofFolder = z.object({ folder: FolderId, owner })
const ofEntry = z.object({ folder: FolderId, path: FolderPath, owner })
const { 'If-Match': ifMatch, 'If-None-Match': ifNoneMatch } = conditions.shape
const put = { Location: 'Absolute URL of the file in the folder', ETag: 'SHA-256 of the bytes' }
const noFolder: readonly Code[] = [...commonErrors, 'NO_SUCH_FOLDER']

/** `/folders`, which the files service answers. */
export const folderDocuments: readonly RouteDocument[] = [
  {
    ...route('GET', '/folders', 'list', 'List folders, newest first'),
    parameters: z.object({
      id: z.string().optional().meta({ description: 'With `*` for any text' }),
      owner,
      limit: z.int().min(1).max(1_000).optional().meta({ description: '100 unless told' }),
      after: z.string().optional().meta({ description: '`next` of the page before' }),
    }),
    responses: { 200: { description: 'A page', content: json(FolderList) } },
    errors: noFolder,
  },
  {
    ...route('POST', '/folders', 'create', 'Make a folder, empty or as a copy of another'),
    description: 'A copy has the same files under the same paths; no bytes are copied.',
    parameters: z.object({ owner }),
    body: { type: NewFolder },
    responses: {
      201: { description: 'It', content: json(FolderDocument), headers: { Location: 'Absolute URL of the folder' } },
    },
    errors: [...noFolder, 'CONFLICT'],
  },
  {
    ...route('GET', '/folders/:folder', 'describe', 'Read what is in a folder'),
    parameters: ofFolder,
    responses: { 200: { description: 'Its files, in the order of their paths', content: json(FolderDocument) } },
    errors: noFolder,
  },
  {
    ...route('DELETE', '/folders/:folder', 'delete', 'Remove a folder'),
    description: 'Its files expire after a while, unless they are in another folder too.',
    parameters: ofFolder,
    responses: { 204: { description: 'It is gone' } },
    errors: noFolder,
  },
  {
    ...route('PUT', '/folders/:folder/:path', 'put', 'Store a file in a folder'),
    description:
      'The path may have slashes. The folder is made if it is not there; a file that was there is replaced. Bytes that ' +
      'their owner has already need not be sent: declare `sha256` and leave the body out. As long as it is in a folder, a ' +
      'file does not expire.',
    parameters: ofEntry.extend({ sha256: Sha256.optional() }),
    headers: declared.extend({ 'If-Match': ifMatch, 'If-None-Match': ifNoneMatch }),
    body: { type: z.string().meta({ format: 'binary' }), media: ['application/octet-stream', bytes] },
    responses: {
      200: { description: 'It was there before', content: json(FolderEntry), headers: put },
      201: { description: 'It is stored', content: json(FolderEntry), headers: put },
    },
    errors: [...noFolder, ...refusals.filter((code) => code !== 'KEY_REUSED'), 'PRECONDITION_FAILED', 'CONFLICT'],
  },
  {
    ...route('GET', '/folders/:folder/:path', 'read', 'Read a file of a folder, or a range of it'),
    ...reading,
    description: 'The path may have slashes.',
    parameters: ofEntry,
    errors: [...reading.errors, 'NO_SUCH_FOLDER'],
  },
  {
    ...route('DELETE', '/folders/:folder/:path', 'remove', 'Take a file out of a folder'),
    description: 'It expires after a while, unless it is in another folder too.',
    parameters: ofEntry,
    headers: z.object({ 'If-Match': ifMatch }),
    responses: { 204: { description: 'It is not there any more' } },
    errors: [...noFolder, 'NO_SUCH_FILE', 'PRECONDITION_FAILED'],
  },
]
