// Which node a user is, when it is one: `system:node:<name>` in the group `system:nodes`.
import type { UserInfo } from '../../request.ts'

const PREFIX = 'system:node:'
const GROUP = 'system:nodes'

/** @returns undefined for users that are no nodes; '' for a member of the group whose name names no node */
export function nodeNameOf({ name, groups }: Pick<UserInfo, 'name' | 'groups'>): string | undefined {
  if (!groups.includes(GROUP)) return undefined
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : ''
}
