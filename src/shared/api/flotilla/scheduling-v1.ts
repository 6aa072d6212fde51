// Types of scheduling.flotilla.dev/v1: questions to the scheduler that change nothing. Both are posted and answered in
// their `status`, like access reviews, and never stored.
import type { LiveMeta } from '../../machinery/object.ts'
import type { ResourceType } from '../../machinery/resource-type.ts'
import type { PodTemplateSpec, Toleration } from '../core/v1.ts'

const GROUP = 'scheduling.flotilla.dev'

/** Where could this pod go, and why not elsewhere? */
export interface PodExplanation {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  spec: PodExplanationSpec
  status: PodExplanationStatus
}
export const PodExplanation: ResourceType<PodExplanation> = {
  group: GROUP,
  version: 'v1',
  kind: 'PodExplanation',
  plural: 'podexplanations',
  namespaced: true,
}

/** Exactly one of the two. */
export interface PodExplanationSpec {
  /** A pod of the namespace. */
  podName?: string
  /** A pod that does not exist. */
  pod?: PodTemplateSpec
}

export interface PodExplanationStatus {
  /**
   * `Bound`, or why it waits: `Active` (its turn comes), `InFlight` (being tried or bound), `Backoff`, `Unschedulable`,
   * `Gated`; `Foreign` = another scheduler's; `Hypothetical` = it does not exist.
   */
  state: string
  /** Where it is. */
  nodeName?: string
  /** On this node, preemption makes room for it. */
  nominatedNodeName?: string
  /** Why no node would take it now, in the words of the event; absent when one would. */
  message?: string
  /** Plugins that refuse the pod whatever the node. */
  refused: PluginVerdict[]
  /** Every node: those that fit first, the best of them first. */
  nodes: NodeExplanation[]
  /** The scheduler's newest decision about the pod, as far as it is remembered. */
  lastDecision?: SchedulingDecision
  waiting?: WaitingPod
}

export interface PluginVerdict {
  plugin: string
  /** Passed, Skipped (nothing to say about this pod), Rejected, or RejectedForGood (preempting would not help). */
  verdict: string
  reasons?: string[]
}

export interface NodeExplanation {
  name: string
  fits: boolean
  /** Each filter in its order, also those behind the first that rejects. */
  filters: PluginVerdict[]
  /** Of nodes that fit. */
  scores?: PluginScore[]
  /** Sum of the weighted scores. */
  total?: number
  /** What would make the pod fit here, one entry a thing to do; all are needed. */
  remedies?: Remedy[]
  /** Pods that would have to go for this one. */
  preemption?: Preemption
}

export interface PluginScore {
  plugin: string
  /** 0…100 */
  score: number
  weight: number
}

/** A thing to do, for people in `text`; for programs in the other fields. */
export interface Remedy {
  plugin: string
  /** Uncordon, Tolerate, FreeResources, RequestLess, LabelNode, FreePort, MovePods, Other. */
  action: string
  text: string
  /** Tolerate: what the pod would need. */
  toleration?: Toleration
  /** LabelNode: requirements that the node's labels do not meet. */
  requirements?: { key: string; operator: string; values?: string[] }[]
  /** FreeResources, RequestLess. */
  resources?: ResourceShortage[]
  /** Pods in the way. */
  pods?: PodName[]
}

export interface ResourceShortage {
  resource: string
  requested: string
  free: string
  allocatable: string
}

export interface PodName {
  namespace: string
  name: string
}

export interface Preemption {
  victims: PodName[]
  /** How many victims' disruption budgets allow no more. */
  budgetsBroken: number
}

export interface SchedulingDecision {
  time: string
  nodeName?: string
  /** Total scores of the nodes that fitted. */
  scores?: { node: string; total: number }[]
  message?: string
}

export interface WaitingPod {
  since: string
  attempts: number
  /** Until then the pod is not tried again. */
  backoffUntil?: string
  /** Changes in the cluster that concern these plugins wake it. */
  rejectedBy?: string[]
}

/** Where would everything land? All changes of the spec count together. */
export interface WhatIf {
  apiVersion: string
  kind: string
  metadata: LiveMeta
  spec: WhatIfSpec
  status: WhatIfStatus
}
export const WhatIf: ResourceType<WhatIf> = {
  group: GROUP,
  version: 'v1',
  kind: 'WhatIf',
  plural: 'whatifs',
  namespaced: false,
}

export interface WhatIfSpec {
  /** Names of nodes. */
  drain?: string[]
  cordon?: string[]
  uncordon?: string[]
  scale?: ScaleChange[]
  /** Manifests: workloads and pods are placed; nodes, claims and volumes count as if they were there. */
  apply?: object[]
}

export interface ScaleChange {
  /** Deployment, ReplicaSet, StatefulSet or ReplicationController. */
  kind: string
  namespace: string
  name: string
  replicas: number
}

export interface WhatIfStatus {
  /** One sentence. */
  message: string
  pods: WhatIfPod[]
  /** Nodes on which something would be different. */
  nodes: WhatIfNode[]
  /** What could not be answered, an object each. */
  problems?: { object: string; message: string }[]
}

export interface WhatIfPod {
  namespace: string
  /** Of the pod that exists, or of what makes the new one. */
  name: string
  owner?: { kind: string; name: string }
  /**
   * Create; Move (deleted, and made anew by its owner); Remove (deleted, nobody makes it anew); Preempt (as Move, to
   * make room); Wait (it waits now); Stay (of a cordoned node: `to` tells where it would go if it were replaced).
   */
  change: string
  from?: string
  /** Where it would land; absent = nowhere, for the reason in `message`. */
  to?: string
  message?: string
  /** Remove: nothing owns it, it is lost. */
  lost?: boolean
  /** The disruption budget that does not allow the eviction now. */
  blockedBy?: string
  /** Pods that would be preempted for it. */
  preempts?: PodName[]
}

export interface WhatIfNode {
  name: string
  unschedulable?: boolean
  /** Absent before = a new node. */
  before?: NodeLoad
  after: NodeLoad
  allocatable: NodeLoad
}

export interface NodeLoad {
  pods: number
  cpuMilli: number
  memoryBytes: number
}
