import type { App } from '../env.ts'

/** Which methods a path has, if any; to be asked when all routes are there. */
export function methodsOf(app: App): (path: string) => readonly string[] {
  const routes = app.routes.filter(({ method }) => method !== 'ALL')
  const paths = [...Map.groupBy(routes, ({ path }) => path)].map(([path, those]) => {
    const methods = new Set(those.map(({ method }) => method))
    if (methods.has('GET')) methods.add('HEAD')
    const pattern = path.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')
    return { pattern: new RegExp(`^${pattern}$`), methods: [...methods] }
  })
  return (path) => [...new Set(paths.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods))]
}
