/** A set that forgets its oldest members beyond a number. */
export interface RecentSet {
  add(member: string): void
  has(member: string): boolean
}

export function recentSet(most: number): RecentSet {
  const members = new Set<string>()
  return { add, has: (member) => members.has(member) }

  function add(member: string): void {
    members.add(member)
    if (members.size <= most) return
    const [oldest] = members
    if (oldest !== undefined) members.delete(oldest)
  }
}
