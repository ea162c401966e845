import { useStore } from '../../support/files.ts'

useStore('s3')
await import('../recovery.test.ts')
