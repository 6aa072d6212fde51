// A node with the pods on it and what they take.
import type { ContainerPort, Node } from '../../../shared/api/core/v1.ts'
import { type PodInfo, type Resources, addResources, noResources, parseResources } from './pod-info.ts'
import { parseQuantity } from '../../../shared/machinery/quantity.ts'
import { labelOf } from '../../../shared/machinery/selectors.ts'

const ANY_ADDRESS = '0.0.0.0'
/** Remembered of a node: pods name what they like. */
const MOST_LABELS = 32

/** `protocol/port` → addresses in use. */
type PortTable = Map<string, Map<string, number>>

/** Pods of a node that no selector can tell apart: replicas of one workload, mostly. */
export interface PodGroup {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>> | undefined
  /** Of all, and of those that are not being deleted. */
  count: number
  live: number
}

/** Pods of a node with the same labels and the same (anti-)affinity. */
export interface AffinityGroup {
  /** One of them; the others' terms are alike. */
  readonly info: PodInfo
  count: number
}

const portKey = ({ protocol = 'TCP', hostPort }: ContainerPort) => `${protocol}/${hostPort}`

export class NodeInfo {
  readonly name: string
  /** Grows with every change; a copy with the same number is up to date. */
  generation = 0
  readonly pods = new Map<string, PodInfo>()
  readonly requested: Resources = noResources()
  readonly scoredRequested: Resources = noResources()
  allocatable: Resources = noResources()
  allowedPods = 0
  #node: Node | undefined
  /** Those of the node's labels that were asked for. */
  readonly #labels = new Map<string, string | undefined>()
  readonly #ports: PortTable = new Map()
  /** By `PodInfo.groupKey`. */
  readonly groups = new Map<string, PodGroup>()
  /** By `PodInfo.affinityKey`: pods with (anti-)affinity terms, which other pods' placement depends on. */
  readonly affinityGroups = new Map<string, AffinityGroup>()

  constructor(name: string) {
    this.name = name
  }

  /** Undefined while only pods of the node are known. */
  get node(): Node | undefined {
    return this.#node
  }

  setNode(node: Node | undefined): void {
    this.#node = node
    this.#labels.clear()
    const { allocatable } = node?.status ?? {}
    this.allocatable = parseResources(allocatable)
    this.allowedPods = allocatable?.pods === undefined ? 0 : parseQuantity(allocatable.pods).value()
    this.generation++
  }

  /** Of the node, quickly: plugins about topology ask for a few, again and again. */
  label(key: string): string | undefined {
    const known = this.#labels.get(key)
    if (known !== undefined || this.#labels.has(key)) return known
    const value = labelOf(this.#node?.metadata.labels, key)
    if (this.#labels.size >= MOST_LABELS) this.#labels.clear()
    this.#labels.set(key, value)
    return value
  }

  addPod(info: PodInfo): void {
    const { uid } = info.pod.metadata
    this.removePod(uid)
    this.pods.set(uid, info)
    this.#count(info, 1)
  }

  removePod(uid: string): void {
    const info = this.pods.get(uid)
    if (!info) return
    this.pods.delete(uid)
    this.#count(info, -1)
  }

  #countGroup({ pod: { metadata }, groupKey }: PodInfo, sign: 1 | -1): void {
    let group = this.groups.get(groupKey)
    if (!group) {
      group = { namespace: metadata.namespace, labels: metadata.labels, count: 0, live: 0 }
      this.groups.set(groupKey, group)
    }
    group.count += sign
    if (!metadata.deletionTimestamp) group.live += sign
    if (group.count === 0) this.groups.delete(groupKey)
  }

  #countAffinity(info: PodInfo, sign: 1 | -1): void {
    const { affinityKey } = info
    if (affinityKey === undefined) return
    const group = this.affinityGroups.get(affinityKey)
    if (!group) this.affinityGroups.set(affinityKey, { info, count: sign })
    else if ((group.count += sign) === 0) this.affinityGroups.delete(affinityKey)
  }

  #count(info: PodInfo, sign: 1 | -1): void {
    this.#countGroup(info, sign)
    this.#countAffinity(info, sign)
    addResources(this.requested, info.requests, sign)
    addResources(this.scoredRequested, info.scoredRequests, sign)
    for (const port of info.hostPorts) {
      const key = portKey(port)
      const addresses = this.#ports.get(key) ?? new Map<string, number>()
      const address = port.hostIP || ANY_ADDRESS
      const count = (addresses.get(address) ?? 0) + sign
      if (count > 0) addresses.set(address, count)
      else addresses.delete(address)
      if (addresses.size > 0) this.#ports.set(key, addresses)
      else this.#ports.delete(key)
    }
    this.generation++
  }

  /** Whether another pod holds the port on the same address, or either of the two asks for every address. */
  portTaken(port: ContainerPort): boolean {
    const addresses = this.#ports.get(portKey(port))
    if (!addresses) return false
    const wanted = port.hostIP || ANY_ADDRESS
    return wanted === ANY_ADDRESS || addresses.has(ANY_ADDRESS) || addresses.has(wanted)
  }

  /** A copy to try things on. */
  clone(): NodeInfo {
    const copy = new NodeInfo(this.name)
    copy.#node = this.#node
    copy.allocatable = this.allocatable
    copy.allowedPods = this.allowedPods
    addResources(copy.requested, this.requested)
    addResources(copy.scoredRequested, this.scoredRequested)
    for (const [uid, info] of this.pods) copy.pods.set(uid, info)
    for (const [key, group] of this.affinityGroups) copy.affinityGroups.set(key, { ...group })
    for (const [key, group] of this.groups) copy.groups.set(key, { ...group })
    for (const [key, addresses] of this.#ports) copy.#ports.set(key, new Map(addresses))
    copy.generation = this.generation
    return copy
  }
}
