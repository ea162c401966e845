import { open } from 'node:fs/promises'

/** Makes what stands in a folder, or in a file, survive a power cut. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
