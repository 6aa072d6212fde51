// The cluster as the scheduler sees it: nodes, the pods bound to them, and pods assumed to be there while their binding
// is under way. Updated synchronously by informers; a scheduling cycle reads it without copying, because it never
// yields between PreFilter and Reserve.
import type { Node, Pod } from '../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { ClusterView } from '../framework/cluster-view.ts'
import { ImageCounts } from './image-counts.ts'
import { Journal } from './journal.ts'
import { NodeInfo } from './node-info.ts'
import { type PodInfo, podInfoOf } from './pod-info.ts'

const NONE: readonly PodInfo[] = []

/** Whether counting pods by their nodes comes to the same: heartbeats change nothing that it looks at. */
const countsAlike = (a: Node, b: Node) => deepEqual(a.metadata.labels, b.metadata.labels) && deepEqual(a.spec, b.spec)

/** Whether no selector and no topology can tell two states of a pod apart. */
const sameGroup = (a: PodInfo, b: PodInfo) =>
  a.groupKey === b.groupKey &&
  a.affinityKey === b.affinityKey &&
  (a.pod.metadata.deletionTimestamp === undefined) === (b.pod.metadata.deletionTimestamp === undefined)

export class SchedulerCache implements ClusterView {
  readonly #nodes = new Map<string, NodeInfo>()
  /** Pod uid → the node that it is counted on. */
  readonly #placed = new Map<string, string>()
  readonly #assumed = new Set<string>()
  /** Pod uid → the node on which preemption makes room for it; node → those pods. */
  readonly #nominations = new Map<string, string>()
  readonly #guests = new Map<string, readonly PodInfo[]>()
  /** Those of them with (anti-)affinity, by uid. */
  readonly #guestsWithAffinity = new Set<string>()
  readonly #withAffinity = new Set<NodeInfo>()
  readonly #images = new ImageCounts()
  readonly journal = new Journal()
  #list: readonly NodeInfo[] | undefined

  /** Nodes that exist, in a stable order. */
  get nodes(): readonly NodeInfo[] {
    return (this.#list ??= [...this.#nodes.values()].filter(({ node }) => node !== undefined))
  }
  node(name: string): NodeInfo | undefined {
    const info = this.#nodes.get(name)
    return info?.node ? info : undefined
  }
  get nodesWithAffinity(): Iterable<NodeInfo> {
    return this.#withAffinity
  }
  get promisedAffinity(): boolean {
    return this.#guestsWithAffinity.size > 0
  }
  nodesWithImage(image: string): number {
    return this.#images.of(image)
  }
  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid)
  }
  get podCount(): number {
    return this.#placed.size
  }

  /** Remembers the node on which preemption makes room for a pod; undefined takes it back. */
  nominate(info: PodInfo, nodeName: string | undefined): void {
    const { uid } = info.pod.metadata
    this.dropNomination(uid)
    if (!nodeName) return
    this.#nominations.set(uid, nodeName)
    this.#guests.set(nodeName, [...this.nominated(nodeName), info])
    if (info.affinityKey !== undefined) this.#guestsWithAffinity.add(uid)
  }
  nominationOf(uid: string): string | undefined {
    return this.#nominations.get(uid)
  }
  dropNomination(uid: string): void {
    const nodeName = this.#nominations.get(uid)
    if (nodeName === undefined) return
    this.#nominations.delete(uid)
    this.#guestsWithAffinity.delete(uid)
    const left = this.nominated(nodeName).filter(({ pod }) => pod.metadata.uid !== uid)
    if (left.length > 0) this.#guests.set(nodeName, left)
    else this.#guests.delete(nodeName)
  }
  get promisesRoom(): boolean {
    return this.#guests.size > 0
  }
  nominated(nodeName: string): readonly PodInfo[] {
    return this.#guests.size === 0 ? NONE : (this.#guests.get(nodeName) ?? NONE)
  }

  setNode(node: Node): void {
    const info = this.#info(node.metadata.name)
    const before = info.node
    if (!before) this.#list = undefined
    if (!before || !countsAlike(before, node)) this.journal.nodesChanged()
    this.#images.change(before, node)
    info.setNode(node)
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name)
    if (!info) return
    this.#images.change(info.node, undefined)
    info.setNode(undefined)
    this.#list = undefined
    this.journal.nodesChanged()
    if (info.pods.size === 0) this.#nodes.delete(name)
  }

  #info(name: string): NodeInfo {
    let info = this.#nodes.get(name)
    if (!info) this.#nodes.set(name, (info = new NodeInfo(name)))
    return info
  }

  /** Counts a pod that the API says is bound. Confirms an assumed one, wherever it really went. */
  setPod(pod: Pod): void {
    const { uid } = pod.metadata
    const { nodeName } = pod.spec
    if (!nodeName) return
    this.#assumed.delete(uid)
    this.#place(podInfoOf(pod), nodeName)
  }

  /** Counts a pod on a node before its binding is written. */
  assume(info: PodInfo, nodeName: string): void {
    this.#assumed.add(info.pod.metadata.uid)
    this.#place(info, nodeName)
  }

  /** Takes an assumption back; a pod that was confirmed meanwhile stays. */
  forget(uid: string): void {
    if (this.#assumed.delete(uid)) this.#remove(uid)
  }

  removePod(uid: string): void {
    this.#assumed.delete(uid)
    this.#remove(uid)
  }

  #place(info: PodInfo, nodeName: string): void {
    const { uid } = info.pod.metadata
    if (this.#placed.get(uid) !== nodeName) this.#remove(uid)
    this.#placed.set(uid, nodeName)
    const node = this.#info(nodeName)
    const before = node.pods.get(uid)
    node.addPod(info)
    if (!before || !sameGroup(before, info)) {
      if (before) this.journal.record(before, node, -1)
      this.journal.record(info, node, 1)
    }
    if (node.affinityGroups.size > 0) this.#withAffinity.add(node)
  }

  #remove(uid: string): void {
    const nodeName = this.#placed.get(uid)
    if (nodeName === undefined) return
    this.#placed.delete(uid)
    const info = this.#nodes.get(nodeName)
    const pod = info?.pods.get(uid)
    if (info && pod) this.journal.record(pod, info, -1)
    info?.removePod(uid)
    if (info?.affinityGroups.size === 0) this.#withAffinity.delete(info)
    if (info && !info.node && info.pods.size === 0) this.#nodes.delete(nodeName)
  }
}
