export { createApp } from './app.ts'
export { readConfig, type Config } from './config.ts'
export { openContext, type Context } from './context.ts'
export { handlers } from './handlers/index.ts'
