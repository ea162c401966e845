export { createApp } from './app.ts'
export { readConfig, type Config } from './config.ts'
export { createContext, type Context } from './context.ts'
export { listen, type HttpServer } from './server.ts'
