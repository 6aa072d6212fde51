// The extension points, in the order in which a pod meets them. A plugin implements those that it needs.
//
//   PreEnqueue → (queue) → PreFilter → Filter → [PostFilter when no node fits] → PreScore → Score → Normalize
//   → Reserve → Permit → PreBind → Bind → PostBind
//
// PreFilter to Reserve, and PostFilter, run synchronously over the cache, so they see one state of the cluster.
// @see https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
import type { Pod } from '../../../shared/api/core/v1.ts'
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { CycleState } from './cycle-state.ts'
import type { EventHint } from './cluster-event.ts'
import type { Status, StatusCode } from './status.ts'
import type { ClusterView } from './cluster-view.ts'

/** Highest score of a plugin after normalizing; the lowest is 0. */
export const MAX_NODE_SCORE = 100

export interface PreFilterResult {
  readonly status: Status
  /** Only these nodes can fit; undefined = all. */
  readonly nodeNames?: ReadonlySet<string>
}

/** Why a node was ruled out, and by which plugin. */
export type Rejection = Status & { readonly plugin: string }

/** By node name. */
export interface NodeStatuses extends Iterable<[string, Rejection]> {
  readonly size: number
  get(nodeName: string): Rejection | undefined
  values(): Iterable<Rejection>
  nodesWith(code: StatusCode): readonly NodeInfo[]
}

export interface PostFilterResult {
  readonly status: Status
  /** Node to nominate; '' clears the nomination. Counts from the next cycle on. */
  readonly nominatedNodeName?: string
  /** What has to be done for it; runs behind the next cycles. @throws when it failed */
  readonly carryOut?: () => Promise<void>
  /** What it chose from, for whoever leaves less of it. */
  readonly choice?: PreemptionChoice
}

export interface PreemptionChoice {
  readonly candidates: readonly Candidate[]
  readonly among: (left: readonly Candidate[]) => PostFilterResult
}

/** A node on which preemption can help. */
export interface Candidate {
  readonly nodeName: string
  /** Most important first. */
  readonly victims: readonly Pod[]
  /** Victims whose disruption budget has nothing left. */
  readonly violations: number
  /** What counts first comes first: budgets, the most important victim, their sum, their number, their age. */
  readonly costs: readonly number[]
}

export interface SchedulerPlugin {
  /** Upstream's name. */
  readonly name: string
  /** What may help a pod that this plugin rejected; absent = any change. */
  readonly requeueOn?: readonly EventHint[]
  /** Points that upstream's plugin does not have: they prepare Score, and are there wherever that is. */
  readonly forScore?: readonly ExtensionPoint[]
  /**
   * What Filter and Score read of the pod. A plugin that signs reads besides it the node alone, as far as it changes the
   * node's `generation`, so its answers hold for every pod that signs the same. Absent = it reads more.
   */
  sign?(pod: PodInfo): unknown
  preEnqueue?(pod: Pod): Status
  preFilter?(state: CycleState, pod: PodInfo, view: ClusterView): PreFilterResult
  /** Tells the plugin's state that a pod came to or left a node, while preemption tries what would happen. */
  addPod?(state: CycleState, pod: PodInfo, added: PodInfo, node: NodeInfo): void
  removePod?(state: CycleState, pod: PodInfo, removed: PodInfo, node: NodeInfo): void
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Status
  postFilter?(state: CycleState, pod: PodInfo, view: ClusterView, statuses: NodeStatuses): PostFilterResult
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status
  /** Any range when `normalize` is given, else 0…100. */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number
  /** Brings one score per node to 0…100, in place. */
  normalize?(state: CycleState, pod: PodInfo, scores: number[], nodes: readonly NodeInfo[]): void
  reserve?(state: CycleState, pod: PodInfo, node: NodeInfo): Status
  unreserve?(state: CycleState, pod: PodInfo, node: NodeInfo): void
  permit?(state: CycleState, pod: PodInfo, node: NodeInfo): Promise<Status>
  preBind?(state: CycleState, pod: PodInfo, node: NodeInfo): Promise<Status>
  /** @returns Skip to leave the binding to the next bind plugin */
  bind?(state: CycleState, pod: PodInfo, nodeName: string): Promise<Status>
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void
}

/** In the order in which a pod meets them. */
export const EXTENSION_POINTS = [
  'preEnqueue',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const satisfies readonly (keyof SchedulerPlugin)[]
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number]

/** Methods that belong to an extension point besides its own. */
export const HELPERS_OF: Readonly<Record<ExtensionPoint, readonly (keyof SchedulerPlugin)[]>> = {
  preEnqueue: [],
  preFilter: ['addPod', 'removePod'],
  filter: ['sign'],
  postFilter: [],
  preScore: [],
  score: ['normalize', 'sign'],
  reserve: ['unreserve'],
  permit: [],
  preBind: [],
  bind: [],
  postBind: [],
}
