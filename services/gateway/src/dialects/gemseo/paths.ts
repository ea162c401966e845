/** With and without a slash at the end: the client does not follow the redirect that it would get elsewhere. */
export function slashed(path: string): string[] {
  return [path, `${path}/`]
}
