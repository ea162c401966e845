import { useStore } from '../../support/files.ts'

useStore('s3')
await import('../download.test.ts')
