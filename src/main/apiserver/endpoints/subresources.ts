// Everything that is served besides the generic verbs, in one list.
import type { MetricsCollector } from '../metrics-api/collector.ts'
import { metricsHandlers } from '../metrics-api/handlers.ts'
import type { NodeTunnels } from '../proxy/node-tunnels.ts'
import type { SubresourceHandler } from './contract.ts'
import { certificateApproval } from './certificates/approval.ts'
import { namespaceFinalize } from './namespaces/finalize.ts'
import { nodeTunnelHandler } from './node-tunnel.ts'
import { nodeRelayHandler } from './node-relay.ts'
import { bindings, podBinding } from './pods/binding.ts'
import { containerStreams } from './pods/container-streams.ts'
import { podEphemeralContainers } from './pods/ephemeral-containers.ts'
import { podEviction } from './pods/eviction.ts'
import { podResize } from './pods/resize.ts'
import { proxyHandlers } from './proxy/proxies.ts'
import { localSubjectAccessReviews, selfSubjectAccessReviews, subjectAccessReviews } from './reviews/access-reviews.ts'
import { selfSubjectReviews, tokenReviews } from './reviews/identity-reviews.ts'
import { selfSubjectRulesReviews } from './reviews/rules-review.ts'
import { serviceAccountToken } from './serviceaccounts/token.ts'

export interface SubresourceOptions {
  readonly tunnels: NodeTunnels
  /** Without it, metrics.k8s.io is not served. */
  readonly metrics?: MetricsCollector
}

export const subresourceHandlers = ({ tunnels, metrics }: SubresourceOptions): SubresourceHandler[] => [
  podBinding,
  bindings,
  podEviction,
  podEphemeralContainers,
  podResize,
  ...containerStreams(tunnels),
  ...proxyHandlers(tunnels),
  namespaceFinalize,
  serviceAccountToken,
  certificateApproval,
  selfSubjectAccessReviews,
  subjectAccessReviews,
  localSubjectAccessReviews,
  selfSubjectRulesReviews,
  selfSubjectReviews,
  tokenReviews,
  nodeTunnelHandler(tunnels),
  nodeRelayHandler(tunnels),
  ...(metrics ? metricsHandlers(metrics) : []),
]
