const MOST_BYTES = 200

/** A name for a file that can do no harm in a folder, and that none of the others has. */
export function safeName(given: string, taken: Set<string>): string {
  const base = given.split(/[/\\]/).at(-1) ?? ''
  // oxlint-disable-next-line no-control-regex -- these are what must not be in it
  let name = base.toWellFormed().replaceAll(/[\u0000-\u001f\u007f]/g, '_')
  while (Buffer.byteLength(name) > MOST_BYTES) name = name.slice(1)
  if (name === '' || name === '.' || name === '..') name = 'file'
  let unique = name
  for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${n}-${name}`
  taken.add(unique.toLowerCase())
  return unique
}
