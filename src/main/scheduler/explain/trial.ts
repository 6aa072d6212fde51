// A copy of the cluster to try things on: what happens here happens nowhere else.
import type { Node } from '../../../shared/api/core/v1.ts'
import { NodeInfo } from '../cache/node-info.ts'
import type { PodInfo } from '../cache/pod-info.ts'
import type { ClusterView } from '../framework/cluster-view.ts'
import type { Pace } from './pace.ts'

export class Trial implements ClusterView {
  readonly #nodes = new Map<string, NodeInfo>()
  /** Pod uid → its node. */
  readonly #placed = new Map<string, string>()
  readonly #nominations = new Map<string, readonly PodInfo[]>()
  #list: readonly NodeInfo[] | undefined

  /** Copies in slices: what changes meanwhile may or may not be in it. */
  static async of(view: ClusterView, pace: Pace): Promise<Trial> {
    const trial = new Trial()
    for (const node of view.nodes) {
      trial.#nodes.set(node.name, node.clone())
      for (const uid of node.pods.keys()) trial.#placed.set(uid, node.name)
      const guests = view.nominated?.(node.name) ?? []
      if (guests.length > 0) trial.#nominations.set(node.name, guests)
      await pace.breathe()
    }
    return trial
  }

  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= [...this.#nodes.values()])
  }
  get nodesWithAffinity(): readonly NodeInfo[] {
    return this.nodes.filter(({ affinityGroups }) => affinityGroups.size > 0)
  }
  get promisedAffinity(): boolean {
    return [...this.#nominations.values()].some(guests => guests.some(({ affinityKey }) => affinityKey !== undefined))
  }
  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name)
  }
  nominated(name: string): readonly PodInfo[] {
    return this.#nominations.get(name) ?? []
  }

  setNode(node: Node): void {
    const { name } = node.metadata
    const info = this.#nodes.get(name) ?? new NodeInfo(name)
    info.setNode(node)
    this.#nodes.set(name, info)
    this.#list = undefined
  }

  place(info: PodInfo, nodeName: string): void {
    this.#nodes.get(nodeName)?.addPod(info)
    this.#placed.set(info.pod.metadata.uid, nodeName)
    // It does not wait for room any more.
    for (const [name, guests] of this.#nominations)
      this.#nominations.set(
        name,
        guests.filter(({ pod }) => pod.metadata.uid !== info.pod.metadata.uid),
      )
  }

  /** @returns where the pod was */
  remove(uid: string): string | undefined {
    const nodeName = this.#placed.get(uid)
    if (nodeName !== undefined) this.#nodes.get(nodeName)?.removePod(uid)
    this.#placed.delete(uid)
    return nodeName
  }
}
