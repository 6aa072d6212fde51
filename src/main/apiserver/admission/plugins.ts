// The admission plugins, in upstream's order.
import type { ObjectStore } from '../../store/contract.ts'
import { systemClock } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { PolicyIndex } from '../authz/rbac/policy-index.ts'
import { rbacAuthorizer } from '../authz/rbac/rbac-authorizer.ts'
import type { NodeDialer } from '../proxy/node-tunnels.ts'
import { serviceAllocator } from '../registry/core/service/allocator.ts'
import type { AdmissionPlugin } from './contract.ts'
import { privilegedGroup } from '../authz/privileged-group.ts'
import { certificateDurations } from './certificate-durations.ts'
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts'
import { claimStatusRights } from './claim-status-rights.ts'
import { certificateApprovalCheck, certificateRequester, certificateSigningCheck } from './certificates.ts'
import { defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-features.ts'
import { nodeRestriction } from './node-restriction.ts'
import { mutatingAdmissionPolicy } from './policies/mutating.ts'
import { validatingAdmissionPolicy } from './policies/validating.ts'
import { podResizeValidator } from './pod-resize-validator.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { resourceQuota } from './resource-quota/resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import type { AdmissionSettings } from './settings.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { webhookPlugins } from './webhooks/plugins.ts'
import { volumeClaimResize } from './volume-claim-resize.ts'

export interface AdmissionOptions {
  readonly store: ObjectStore
  /** CIDRs of the Services' addresses, one for each family, the primary one's first. */
  readonly serviceCIDRs: readonly string[]
  /** The way to the Services that webhooks run behind. */
  readonly nodes: NodeDialer
  readonly log?: Log
  readonly settings?: AdmissionSettings | undefined
  /** Default: 30000–32767. */
  readonly nodePortRange?: readonly [first: number, last: number] | undefined
}

export interface Admission extends Disposable {
  readonly plugins: readonly AdmissionPlugin[]
}

/** Follows the store; dispose it before the store. */
export function createAdmission(options: AdmissionOptions): Admission {
  const { store, serviceCIDRs, settings, nodePortRange } = options
  const allocator = serviceAllocator(store, { clusterIPRanges: serviceCIDRs, ...(nodePortRange && { nodePortRange }) })
  const policy = new PolicyIndex(store)
  const quota = resourceQuota(store, systemClock, settings?.limitedResources)
  const webhooks = webhookPlugins(options)
  const namespaces = namespaceLifecycle(store)
  const mutatingPolicies = mutatingAdmissionPolicy(store)
  const validatingPolicies = validatingAdmissionPolicy(store)
  const deciders = [privilegedGroup, rbacAuthorizer(policy)]
  return {
    plugins: [
      namespaces.first,
      limitRanger(store),
      serviceAccount(store),
      nodeRestriction(store),
      taintNodesByCondition,
      podSecurity(store, settings?.podSecurity),
      priority(store),
      defaultTolerationSeconds,
      defaultStorageClass(store),
      volumeClaimResize(store),
      runtimeClass(store),
      storageObjectInUseProtection,
      certificateRequester,
      certificateApprovalCheck(deciders),
      certificateSigningCheck(deciders),
      certificateSubjectRestriction,
      certificateDurations(),
      defaultIngressClass(store),
      podTopologyLabels(store),
      rbacEscalation(policy),
      deviceAdminAccess(store),
      claimStatusRights(deciders),
      nodeDeclaredFeatureValidator(store),
      podResizeValidator(store),
      mutatingPolicies,
      webhooks.mutating,
      allocator,
      validatingPolicies,
      webhooks.validating,
      // When nothing else can refuse any more, but that the namespace has gone meanwhile.
      quota,
      namespaces.last,
    ],
    [Symbol.dispose]() {
      policy[Symbol.dispose]()
      quota[Symbol.dispose]()
      webhooks[Symbol.dispose]()
      mutatingPolicies[Symbol.dispose]()
      validatingPolicies[Symbol.dispose]()
      allocator[Symbol.dispose]()
    },
  }
}
