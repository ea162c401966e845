/**
 * JSON text of numbers with each printed as a float. JavaScript prints 1.0 as `1`, of which Python makes an integer; in
 * an array of integers the small steps of finite differences are lost.
 */
export function asFloats(raw: string): string {
  return raw.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /[".eE]/.test(token) ? token : `${token}.0`,
  )
}
