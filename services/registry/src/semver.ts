/**
 * A text whose byte order is the precedence of a semantic version (https://semver.org, section 11), so that an index
 * finds the newest. Build metadata has no part in it.
 *
 * - a number is its length in three digits, then its digits: `9` before `10`
 * - a prerelease is the list of its identifiers, numeric ones (`0…`) before others (`1…`), a space as the end of the
 *   latter, which sorts before all their characters; a shorter list sorts before its continuations
 * - a release ends in `~`, behind all prereleases
 */
export function precedence(version: string): string {
  const [withoutBuild = ''] = version.split('+', 1)
  const dash = withoutBuild.indexOf('-')
  const core = dash === -1 ? withoutBuild : withoutBuild.slice(0, dash)
  const numbers = core.split('.').map(sortableNumber).join('')
  if (dash === -1) return `${numbers}~`
  return (
    numbers +
    withoutBuild
      .slice(dash + 1)
      .split('.')
      .map(sortableIdentifier)
      .join('')
  )
}

function sortableIdentifier(identifier: string): string {
  return /^\d+$/.test(identifier) ? `0${sortableNumber(identifier)}` : `1${identifier} `
}

function sortableNumber(digits: string): string {
  const plain = digits.replace(/^0+(?=\d)/, '')
  return String(plain.length).padStart(3, '0') + plain
}
