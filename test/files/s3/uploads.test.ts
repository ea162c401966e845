import { useStore } from '../../support/files.ts'

useStore('s3')
await import('../uploads.test.ts')
