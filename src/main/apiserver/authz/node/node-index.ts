// Which nodes have to do with which objects, kept up to date from the store's events, so that a question costs a look
// into a map. Upstream's graph, by its edges:
//
//   node ← pod ← secret | configmap | serviceaccount | resourceclaim | claim        counted per node in #users
//   node ← pod ← claim ← volume ← secret                                            claim of a volume: spec.claimRef
import type { Node, PersistentVolume, Pod } from '../../../../shared/api/core/v1.ts'
import {
  type Gateway,
  type GatewayClass,
  GATEWAY_GROUP,
  type ReferenceGrant,
} from '../../../../shared/api/gateway/v1.ts'
import { certificatesOf, ourGateways } from '../../../../shared/machinery/gateway/ours.ts'
import type { Ingress, IngressClass } from '../../../../shared/api/networking/v1.ts'
import type { ResourceSlice } from '../../../../shared/api/resource/v1.ts'
import type { VolumeAttachment } from '../../../../shared/api/storage/v1.ts'
import { ingressNodes, isOurClass, isOurIngress, secretsOf } from '../../../../shared/machinery/ingress/ours.ts'
import { sameJson } from '../../../../shared/machinery/deep-equal.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { ObjectStore, StoreEvent, WatchHandle } from '../../../store/contract.ts'
import { type Reference, referencesOf, referenceTo, secretsOfVolume } from './references.ts'

const PODS = '/registry/core/pods/'
const VOLUMES = '/registry/core/persistentvolumes/'

/** Key → member → how many times. */
class Counts {
  readonly #counts = new Map<string, Map<string, number>>()

  change(key: string, member: string, by: 1 | -1): void {
    const members = this.#counts.get(key) ?? new Map<string, number>()
    const count = (members.get(member) ?? 0) + by
    if (count > 0) members.set(member, count)
    else members.delete(member)
    if (members.size > 0) this.#counts.set(key, members)
    else this.#counts.delete(key)
  }

  has(key: string, member: string): boolean {
    return this.#counts.get(key)?.has(member) ?? false
  }

  members(key: string): Iterable<string> {
    return this.#counts.get(key)?.keys() ?? []
  }

  clear(): void {
    this.#counts.clear()
  }
}

/** Most changes are of a status, of which references depend on the claims that were made for a pod alone. */
const refersAlike = (a: AnyObject, b: AnyObject): boolean =>
  sameJson(a['spec'], b['spec']) &&
  sameJson(a.metadata.annotations, b.metadata.annotations) &&
  sameJson(claimsOf(a), claimsOf(b))

const claimsOf = (object: AnyObject) => {
  const { resourceClaimStatuses, extendedResourceClaimStatus } = (object as unknown as Partial<Pod>).status ?? {}
  return [resourceClaimStatuses, extendedResourceClaimStatus?.resourceClaimName]
}

/** Follows the store; dispose it before the store. */
export class NodeIndex implements Disposable {
  readonly #store: ObjectStore
  /** Reference → nodes whose pods refer to it. */
  readonly #users = new Counts()
  /** Secret → volumes that need it. */
  readonly #volumes = new Counts()
  #watches: WatchHandle[] = []

  constructor(store: ObjectStore) {
    this.#store = store
    this.#follow()
  }

  #follow(): void {
    for (const watch of this.#watches) watch.close()
    this.#users.clear()
    this.#volumes.clear()
    const from = this.#store.revision
    for (const { object } of this.#store.list(PODS).items) this.#countPod(object, 1)
    for (const { object } of this.#store.list(VOLUMES).items) this.#countVolume(object, 1)
    const follow = (prefix: string, count: (object: AnyObject, by: 1 | -1) => void) =>
      this.#store.watch(prefix, {
        from,
        onEvent: ({ type, current, previous }: StoreEvent) => {
          if (type === 'MODIFIED' && previous && refersAlike(previous.object, current.object)) return
          if (previous) count(previous.object, -1)
          if (type !== 'DELETED') count(current.object, 1)
        },
        onEnd: error => {
          if (error.code !== 'Closed') this.#follow()
        },
      })
    this.#watches = [
      follow(PODS, (object, by) => this.#countPod(object, by)),
      follow(VOLUMES, (object, by) => this.#countVolume(object, by)),
    ]
  }

  #countPod(object: AnyObject, by: 1 | -1): void {
    const pod = object as unknown as Pod
    const { nodeName } = pod.spec
    if (!nodeName) return
    for (const reference of referencesOf(pod)) this.#users.change(reference, nodeName, by)
  }

  #countVolume(object: AnyObject, by: 1 | -1): void {
    for (const secret of secretsOfVolume(object as unknown as PersistentVolume))
      this.#volumes.change(secret, object.metadata.name, by)
  }

  /** Whether a pod of the node refers to it; for a Secret also through the volumes of the pod's claims. */
  uses(nodeName: string, reference: Reference): boolean {
    if (this.#users.has(reference, nodeName)) return true
    for (const volume of this.#volumes.members(reference)) if (this.usesVolume(nodeName, volume)) return true
    return false
  }

  /** Whether a pod of the node uses the claim that the volume belongs to. */
  usesVolume(nodeName: string, volumeName: string): boolean {
    const stored = this.#store.get(`${VOLUMES}${volumeName}`)?.object as unknown as PersistentVolume | undefined
    const claim = stored?.spec.claimRef
    if (!claim) return false
    return this.#users.has(referenceTo('persistentvolumeclaims', claim.namespace ?? '', claim.name ?? ''), nodeName)
  }

  runsPod(nodeName: string, namespace: string, name: string): boolean {
    const pod = this.#store.get(`${PODS}${namespace}/${name}`)?.object as unknown as Pod | undefined
    return pod?.spec.nodeName === nodeName
  }

  hasAttachment(nodeName: string, name: string): boolean {
    const key = `/registry/storage.k8s.io/volumeattachments/${name}`
    const attachment = this.#store.get(key)?.object as unknown as VolumeAttachment | undefined
    return attachment?.spec.nodeName === nodeName
  }

  hasSlice(nodeName: string, name: string): boolean {
    const key = `/registry/resource.k8s.io/resourceslices/${name}`
    const slice = this.#store.get(key)?.object as unknown as ResourceSlice | undefined
    return slice?.spec.nodeName === nodeName
  }

  /** Whether the node serves an Ingress or a Gateway whose certificate this Secret is. */
  servesCertificate(nodeName: string, namespace: string, name: string): boolean {
    if (namespace === '' || name === '') return false
    const isNamed = this.#ingressNames(namespace, name) || this.#gatewayNames(namespace, name)
    return isNamed && ingressNodes(this.#listed<Node>('core/nodes')).some(({ metadata }) => metadata.name === nodeName)
  }

  #ingressNames(namespace: string, name: string): boolean {
    const ours = this.#listed<IngressClass>('networking.k8s.io/ingressclasses').filter(isOurClass)
    if (ours.length === 0) return false
    const classes = new Set(ours.map(({ metadata }) => metadata.name))
    return this.#listed<Ingress>(`networking.k8s.io/ingresses/${namespace}`).some(
      ingress => isOurIngress(ingress, classes) && secretsOf(ingress).includes(name),
    )
  }

  #gatewayNames(namespace: string, name: string): boolean {
    const classes = this.#listed<GatewayClass>(`${GATEWAY_GROUP}/gatewayclasses`)
    const gateways = ourGateways(classes, this.#listed<Gateway>(`${GATEWAY_GROUP}/gateways`))
    if (gateways.length === 0) return false
    const grants = this.#listed<ReferenceGrant>(`${GATEWAY_GROUP}/referencegrants/${namespace}`)
    return gateways.some(gateway => certificatesOf(gateway, grants).includes(`${namespace}/${name}`))
  }

  #listed<T>(prefix: string): T[] {
    return this.#store.list(`/registry/${prefix}/`).items.map(({ object }) => object as unknown as T)
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch.close()
  }
}
