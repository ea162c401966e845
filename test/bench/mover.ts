import { MiB, transfersWith } from './transfers.ts'

/** Moves 1 GiB up and down again and again, in a process of its own: who measures must not be busy with it. */
const { upload, download } = transfersWith(String(process.argv[2]))
process.send?.('ready')
for (;;) await download((await upload(1_024 * MiB)).id)
