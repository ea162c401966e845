import { z } from 'zod'
import { FileId, Sha256 } from './files.ts'

/** A file that a job took, gave or left behind. */
export const FileOfJob = z.object({
  path: z.string().meta({ description: 'In the working directory of the job, with `/` between folders' }),
  role: z.enum(['input', 'output', 'kept', 'log']),
  attempt: z.int(),
  name: z.string().nullable().meta({ description: 'Id of the input or output' }),
  fileId: FileId.nullable().meta({ description: 'null: it was read from `source`, and is stored nowhere' }),
  source: z.string().nullable(),
  size: z.int().meta({ description: 'Bytes' }),
  sha256: Sha256,
  type: z.string(),
  storedAt: z.iso.datetime(),
})
export type FileOfJob = z.infer<typeof FileOfJob>

/** A value that went in or came out; of a file, that of its bytes, else that of its JSON text. */
export const Traced = z.object({
  name: z.string(),
  sha256: Sha256.nullable().meta({ description: 'null: of something elsewhere that was not read' }),
  size: z.int().nullable(),
  type: z.string(),
  href: z.string().nullable().meta({ description: 'Where the bytes are, when it is a file' }),
})
export type Traced = z.infer<typeof Traced>
