// Who may do what. Authorizers are asked in order; the first that allows or denies decides; nobody = denied.
import type { RequestInfo, UserInfo } from '../request.ts'

export type AuthorizationAttributes = Pick<
  RequestInfo,
  'isResource' | 'verb' | 'group' | 'version' | 'namespace' | 'resource' | 'subresource' | 'name' | 'path'
> & { readonly user: UserInfo }

export interface AuthorizationDecision {
  readonly decision: 'allow' | 'deny' | 'no-opinion'
  /** Shown to the user when denied. */
  readonly reason?: string
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision
}
