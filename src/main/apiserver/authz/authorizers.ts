// Who is asked whether a request may go on, in order.
import type { ObjectStore } from '../../store/contract.ts'
import { nodeRules } from './bootstrap-policy.ts'
import type { Authorizer } from './contract.ts'
import { nodeAuthorizer } from './node/node-authorizer.ts'
import { NodeIndex } from './node/node-index.ts'
import { privilegedGroup } from './privileged-group.ts'
import { PolicyIndex } from './rbac/policy-index.ts'
import { rbacAuthorizer } from './rbac/rbac-authorizer.ts'

export interface Authorization extends Disposable {
  readonly authorizers: readonly Authorizer[]
  readonly policy: PolicyIndex
}

/** Follows the store; dispose it before the store. */
export function createAuthorization(store: ObjectStore): Authorization {
  const policy = new PolicyIndex(store)
  const nodes = new NodeIndex(store)
  return {
    authorizers: [privilegedGroup, nodeAuthorizer(nodes, nodeRules), rbacAuthorizer(policy)],
    policy,
    [Symbol.dispose]() {
      nodes[Symbol.dispose]()
      policy[Symbol.dispose]()
    },
  }
}
