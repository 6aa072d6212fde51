// Who may do what. Authorizers are asked in order; the first that allows or denies decides; nobody = denied.
import type { PolicyRule } from '../../../shared/api/rbac/v1.ts'
import type { FieldRequirement } from '../../../shared/machinery/field-selectors.ts'
import type { RequestInfo, UserInfo } from '../request.ts'

export type AuthorizationAttributes = Pick<
  RequestInfo,
  'isResource' | 'verb' | 'group' | 'version' | 'namespace' | 'resource' | 'subresource' | 'name' | 'path'
> & {
  readonly user: UserInfo
  /** What a collection is narrowed to. */
  readonly fieldSelector?: readonly FieldRequirement[]
}

export interface AuthorizationDecision {
  readonly decision: 'allow' | 'deny' | 'no-opinion'
  /** Shown to the user when denied. */
  readonly reason?: string
}

/** Everything that a user may do, as far as rules can say it. */
export interface ResolvedRules {
  readonly rules: readonly PolicyRule[]
  /** Why there may be more than the rules; undefined when they are all. */
  readonly incomplete?: string
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision
  /** What the user may do in a namespace ('' = cluster-wide); authorizers that do not think in rules have none. */
  rulesFor?(user: UserInfo, namespace: string): ResolvedRules
}
