import type { App } from './env.ts'

/** Which methods the known paths have; to be asked when all routes are there. */
export function methodsOf(app: App): (path: string) => readonly string[] | undefined {
  const routes = app.routes.filter(({ method }) => method !== 'ALL')
  const paths = [...Map.groupBy(routes, ({ path }) => path)].map(([path, those]) => {
    const methods = new Set(those.map(({ method }) => method))
    if (methods.has('GET')) methods.add('HEAD')
    return { pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`), methods: [...methods, 'OPTIONS'] }
  })

  return function allowed(path) {
    const known = paths.filter(({ pattern }) => pattern.test(path))
    return known.length > 0 ? [...new Set(known.flatMap(({ methods }) => methods))] : undefined
  }
}
