import { useStore } from '../../support/files.ts'

useStore('s3')
await import('../store.test.ts')
