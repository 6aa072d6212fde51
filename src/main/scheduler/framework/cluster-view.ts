// The cluster as plugins see it.
import type { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { Journal } from '../cache/journal.ts'

/** The nodes as the cache shows them during one cycle. */
export interface ClusterView {
  readonly nodes: readonly NodeInfo[]
  node(name: string): NodeInfo | undefined
  /** Whether preemption makes room on any node; absent = it may. */
  readonly promisesRoom?: boolean
  /** Pods for which preemption makes room on the node. */
  nominated?(nodeName: string): readonly PodInfo[]
  /** The node on which preemption makes room for the pod. */
  nominationOf?(uid: string): string | undefined
  /** Those that have pods with (anti-)affinity. */
  readonly nodesWithAffinity: Iterable<NodeInfo>
  /** Whether preemption makes room for a pod with (anti-)affinity; absent = for none. */
  readonly promisedAffinity?: boolean
  /** What has come to the nodes and left them; absent = counts are made anew. */
  readonly journal?: Journal
  /** How many nodes have an image; absent = look at them. */
  nodesWithImage?(image: string): number
}
