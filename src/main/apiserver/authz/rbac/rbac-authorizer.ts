// Role-based access control over the indexed policy.
import type { Authorizer } from '../contract.ts'
import type { PolicyIndex } from './policy-index.ts'
import { ruleAllows } from './rules.ts'

/** Allows what a role grants; has no opinion on everything else. */
export function rbacAuthorizer(policy: PolicyIndex): Authorizer {
  return {
    authorize(attributes) {
      for (const { rule, origin } of policy.grantsOf(attributes.user, attributes.namespace))
        if (ruleAllows(rule, attributes)) return { decision: 'allow', reason: `RBAC: allowed by ${origin}` }
      return { decision: 'no-opinion' }
    },
    rulesFor: (user, namespace) => ({ rules: [...policy.grantsOf(user, namespace)].map(({ rule }) => rule) }),
  }
}
