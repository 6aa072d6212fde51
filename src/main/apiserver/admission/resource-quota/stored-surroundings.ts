// What quotas of devices look at besides claims, as the store has it now.
import type { Pod } from '../../../../shared/api/core/v1.ts'
import type { DeviceClass, ResourceClaim } from '../../../../shared/api/resource/v1.ts'
import { ObjectCache } from '../../../../shared/client/lister.ts'
import { classOfResource } from '../../../../shared/machinery/extended-devices.ts'
import { type DeviceSurroundings, extendedClaimOwner } from '../../../../shared/machinery/quota-devices.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import type { FieldTrigger, ObjectStore, Stored, StoreEvent, WatchHandle } from '../../../store/contract.ts'
import type { Followed } from './ledger.ts'

const CLASSES = '/registry/resource.k8s.io/deviceclasses/'
export const CLAIMS = '/registry/resource.k8s.io/resourceclaims/'
const PODS = '/registry/core/pods/'

const madeFor = (value: string): FieldTrigger => ({
  field: 'extended-claim-owner',
  value,
  read: object => extendedClaimOwner(object as unknown as ResourceClaim),
})
const resourceOf = (object: AnyObject | undefined) =>
  (object as unknown as DeviceClass | undefined)?.spec.extendedResourceName

export class StoredSurroundings implements DeviceSurroundings, Disposable {
  readonly #store: ObjectStore
  #classes = new ObjectCache<DeviceClass>()
  #watch: WatchHandle | undefined

  constructor(store: ObjectStore) {
    this.#store = store
  }

  classOf(resource: string): DeviceClass | undefined {
    return classOfResource(this.#known(), resource)
  }

  classNamed(name: string): DeviceClass | undefined {
    return this.#known().get({ name })
  }

  podNamed(namespace: string, name: string): Pod | undefined {
    return this.#store.get(`${PODS}${namespace}/${name}`)?.object as unknown as Pod | undefined
  }

  claimsMadeFor(namespace: string, podUid: string): ResourceClaim[] {
    return this.#storedFor(namespace, podUid).map(({ object }) => object as unknown as ResourceClaim)
  }

  /** What makes claims of a namespace count otherwise. */
  followedBy(namespace: string): Followed[] {
    return [
      { prefix: `${PODS}${namespace}/`, affected: ({ current }) => this.#storedFor(namespace, current.object.metadata.uid) }, // prettier-ignore
      { prefix: CLASSES, affected: event => (isRenamed(event) ? 'all' : []) },
    ]
  }

  [Symbol.dispose](): void {
    this.#watch?.close()
  }

  #storedFor(namespace: string, podUid: string): readonly Stored[] {
    const trigger = madeFor(podUid)
    return this.#store.list(`${CLAIMS}${namespace}/`, {
      trigger,
      match: ({ object }) => trigger.read(object) === podUid,
    }).items
  }

  #known(): ObjectCache<DeviceClass> {
    if (this.#watch) return this.#classes
    this.#classes = new ObjectCache()
    const set = ({ key, object }: Stored) => this.#classes.set(nameOf(key), object as unknown as DeviceClass)
    const { items, revision } = this.#store.list(CLASSES)
    for (const stored of items) set(stored)
    this.#watch = this.#store.watch(CLASSES, {
      from: revision,
      onEvent: ({ type, current }) => (type === 'DELETED' ? this.#classes.delete(nameOf(current.key)) : set(current)),
      onEnd: () => {
        this.#watch = undefined
      },
    })
    return this.#classes
  }
}

const nameOf = (key: string) => key.slice(CLASSES.length)

const isRenamed = ({ type, current, previous }: StoreEvent): boolean =>
  type !== 'MODIFIED' || resourceOf(current.object) !== resourceOf(previous?.object)
