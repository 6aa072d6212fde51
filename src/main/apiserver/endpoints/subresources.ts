// Everything that is served besides the generic verbs, in one list.
import type { NodeTunnels } from '../proxy/node-tunnels.ts'
import type { SubresourceHandler } from './contract.ts'
import { namespaceFinalize } from './namespaces/finalize.ts'
import { nodeTunnelHandler } from './node-tunnel.ts'
import { bindings, podBinding } from './pods/binding.ts'
import { containerStreams } from './pods/container-streams.ts'
import { podEviction } from './pods/eviction.ts'
import { localSubjectAccessReviews, selfSubjectAccessReviews, subjectAccessReviews } from './reviews/access-reviews.ts'
import { selfSubjectReviews, tokenReviews } from './reviews/identity-reviews.ts'
import { selfSubjectRulesReviews } from './reviews/rules-review.ts'
import { serviceAccountToken } from './serviceaccounts/token.ts'

export interface SubresourceOptions {
  readonly tunnels: NodeTunnels
}

export const subresourceHandlers = ({ tunnels }: SubresourceOptions): SubresourceHandler[] => [
  podBinding,
  bindings,
  podEviction,
  ...containerStreams(tunnels),
  namespaceFinalize,
  serviceAccountToken,
  selfSubjectAccessReviews,
  subjectAccessReviews,
  localSubjectAccessReviews,
  selfSubjectRulesReviews,
  selfSubjectReviews,
  tokenReviews,
  nodeTunnelHandler(tunnels),
]
