// The graph of owners and dependents over every object of the cluster, kept from metadata alone.
//
// Edges are kept by the owner's uid, so a dependent may be known before its owner, or without it:
//
//   ReplicaSet web-1 (uid r) ◀── Pod web-1-a {owners: [r]}
//                            ◀── Pod web-1-b {owners: [r]}        dependents('r') = {a, b}
import type { OwnerReference } from '../../../shared/api/meta/v1.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'
import type { ResourceType } from '../../../shared/machinery/resource-type.ts'

export const ORPHAN = 'orphan'
export const FOREGROUND = 'foregroundDeletion'

export interface GraphNode {
  readonly uid: string
  readonly type: ResourceType<KubeObject>
  /** '' for cluster-scoped objects. */
  readonly namespace: string
  readonly name: string
  owners: readonly OwnerReference[]
  beingDeleted: boolean
  /** Waits, with its foregroundDeletion finalizer, for its blocking dependents to go. */
  deletingDependents: boolean
  /** Waits, with its orphan finalizer, for its dependents to be released. */
  orphaning: boolean
}

/** What a change of the graph asks to be done. */
export interface GraphListener {
  /** The node's owners, or its own deletion, have to be looked at. */
  check(node: GraphNode): void
  orphan(node: GraphNode): void
}

export class Graph {
  readonly #nodes = new Map<string, GraphNode>()
  readonly #dependents = new Map<string, Set<GraphNode>>()
  readonly #listener: GraphListener

  constructor(listener: GraphListener) {
    this.#listener = listener
  }

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid)
  }
  dependents(ownerUid: string): GraphNode[] {
    return [...(this.#dependents.get(ownerUid) ?? [])]
  }
  /** Whether every owner is known, is what the reference says, and does not wait for this node to go. */
  hasAllOwners(node: GraphNode): boolean {
    return node.owners.every(ref => this.#isSolid(ref, node))
  }

  /** An object was added or changed. */
  upsert(type: ResourceType<KubeObject>, { metadata }: KubeObject): void {
    const known = this.#nodes.get(metadata.uid)
    const node: GraphNode = known ?? {
      uid: metadata.uid,
      type,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      owners: [],
      beingDeleted: false,
      deletingDependents: false,
      orphaning: false,
    }
    if (!known) this.#nodes.set(metadata.uid, node)
    this.#setOwners(node, metadata.ownerReferences ?? [])
    const finalizers = metadata.deletionTimestamp ? (metadata.finalizers ?? []) : []
    node.beingDeleted = metadata.deletionTimestamp !== undefined
    this.#setOrphaning(node, finalizers.includes(ORPHAN))
    this.#setDeletingDependents(node, finalizers.includes(FOREGROUND))
  }

  /** An object is gone: its dependents lost an owner, its owners perhaps what they wait for. */
  remove(uid: string): void {
    const node = this.#nodes.get(uid)
    if (!node) return
    this.#nodes.delete(uid)
    for (const owner of node.owners) this.#unlink(owner.uid, node)
    for (const dependent of this.dependents(uid)) this.#listener.check(dependent)
    for (const { uid: ownerUid } of node.owners) {
      const owner = this.#nodes.get(ownerUid)
      if (owner?.deletingDependents) this.#listener.check(owner)
    }
  }

  /** Forgets the objects of a kind that is not served any more. */
  forget(type: ResourceType<KubeObject>): void {
    for (const node of this.#nodes.values()) {
      if (node.type !== type) continue
      this.#nodes.delete(node.uid)
      for (const owner of node.owners) this.#unlink(owner.uid, node)
    }
  }

  #setOwners(node: GraphNode, owners: readonly OwnerReference[]): void {
    const before = node.owners
    node.owners = owners
    const current = new Map(owners.map(owner => [owner.uid, owner]))
    for (const old of before) {
      const now = current.get(old.uid)
      if (!now) this.#unlink(old.uid, node)
      // An owner that waits in the foreground waits no longer for what left it or does not block it any more.
      if (old.blockOwnerDeletion && !now?.blockOwnerDeletion) {
        const owner = this.#nodes.get(old.uid)
        if (owner?.deletingDependents) this.#listener.check(owner)
      }
    }
    const known = new Set(before.map(owner => owner.uid))
    for (const owner of owners) {
      if (known.has(owner.uid)) continue
      this.#link(owner.uid, node)
      if (!this.#isSolid(owner, node)) this.#listener.check(node)
    }
  }

  #isSolid(ref: OwnerReference, dependent: GraphNode): boolean {
    const owner = this.#nodes.get(ref.uid)
    return owner !== undefined && !owner.deletingDependents && refersTo(ref, owner, dependent)
  }

  #setOrphaning(node: GraphNode, orphaning: boolean): void {
    const starts = orphaning && !node.orphaning
    node.orphaning = orphaning
    if (starts) this.#listener.orphan(node)
  }

  #setDeletingDependents(node: GraphNode, deleting: boolean): void {
    const starts = deleting && !node.deletingDependents
    node.deletingDependents = deleting
    if (!starts) return
    for (const dependent of this.dependents(node.uid)) this.#listener.check(dependent)
    this.#listener.check(node)
  }

  #link(ownerUid: string, node: GraphNode): void {
    const set = this.#dependents.get(ownerUid)
    if (set) set.add(node)
    else this.#dependents.set(ownerUid, new Set([node]))
  }
  #unlink(ownerUid: string, node: GraphNode): void {
    const set = this.#dependents.get(ownerUid)
    set?.delete(node)
    if (set?.size === 0) this.#dependents.delete(ownerUid)
  }
}

/** A reference whose uid is right but whose kind, name or namespace is another's has to be looked up live. */
function refersTo(ref: OwnerReference, owner: GraphNode, dependent: GraphNode): boolean {
  const group = ref.apiVersion.includes('/') ? ref.apiVersion.split('/')[0] : ''
  return (
    ref.kind === owner.type.kind &&
    group === owner.type.group &&
    ref.name === owner.name &&
    (owner.namespace === '' || owner.namespace === dependent.namespace)
  )
}
