// Members of system:masters may do everything, whatever the roles say: the admin can never be locked out.
import type { Authorizer } from './contract.ts'

export const privilegedGroup: Authorizer = {
  authorize: ({ user }) =>
    user.groups.includes('system:masters')
      ? { decision: 'allow', reason: 'member of system:masters' }
      : { decision: 'no-opinion' },
}
