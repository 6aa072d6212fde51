// In whose name this server asks extension servers what they are.
import type { UserInfo } from '../request.ts'

export const ASKER: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters'] }
/** How long an answer may take. */
export const ASK_MS = 5_000
