// What the window knows of the cluster at one moment: lists of several kinds, indexed for questions that cross kinds.
import type { Pod } from '../../shared/api/core/v1.ts'
import { Pod as PodType } from '../../shared/api/core/v1.ts'
import { groupBy } from '../../shared/machinery/group-by.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { controllerOf } from '../../shared/machinery/owner.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import type { LabelMatcher } from '../../shared/machinery/selectors.ts'
import { kindKey } from '../api/discovery.ts'
import { rowKey } from '../api/sources.ts'
import { isOver } from './room.ts'

/** Names one object of any kind. */
export interface ObjectRef {
  readonly type: ResourceType<KubeObject>
  readonly namespace?: string | undefined
  readonly name: string
}

/** An object with the kind that it is listed under. */
export interface Found<T extends KubeObject = AnyObject> extends ObjectRef {
  readonly object: T
}

export const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? ''

export const refId = ({ type, namespace, name }: ObjectRef): string => `${kindKey(type)}:${rowKey(namespace, name)}`

export const refTo = (type: ResourceType<KubeObject>, object: KubeObject): ObjectRef => ({
  type,
  namespace: object.metadata.namespace,
  name: object.metadata.name,
})

interface KnownList {
  readonly type: ResourceType<KubeObject>
  readonly objects: readonly KubeObject[]
}

/** Never changes; a change in the cluster makes a new one. Indexes are built when first asked for. */
export class World {
  readonly #lists: ReadonlyMap<string, KnownList>
  readonly #byName = new Map<string, ReadonlyMap<string, KubeObject>>()
  readonly #byNamespace = new Map<string, ReadonlyMap<string, readonly KubeObject[]>>()
  #byUid: ReadonlyMap<string, Found> | undefined
  #controlled: ReadonlyMap<string, readonly Found[]> | undefined

  constructor(lists: readonly KnownList[]) {
    this.#lists = new Map(lists.map(list => [kindKey(list.type), list]))
  }

  /** False while a kind was not listed: then its absence means nothing. */
  knows(type: ResourceType<KubeObject>): boolean {
    return this.#lists.has(kindKey(type))
  }

  all<T extends KubeObject>(type: ResourceType<T>): readonly T[] {
    return (this.#lists.get(kindKey(type))?.objects ?? []) as readonly T[]
  }

  in<T extends KubeObject>(type: ResourceType<T>, namespace: string): readonly T[] {
    const key = kindKey(type)
    let index = this.#byNamespace.get(key)
    if (!index) this.#byNamespace.set(key, (index = groupBy(this.all(type), namespaceOf)))
    return (index.get(namespace) ?? []) as readonly T[]
  }

  find<T extends KubeObject>(type: ResourceType<T>, namespace: string | undefined, name: string): T | undefined {
    const key = kindKey(type)
    let index = this.#byName.get(key)
    if (!index)
      this.#byName.set(
        key,
        (index = new Map(
          this.all(type).map(object => [rowKey(object.metadata.namespace, object.metadata.name), object]),
        )),
      )
    return index.get(rowKey(namespace, name)) as T | undefined
  }

  /** The object with the kind it is listed under. */
  byUid(uid: string | undefined): Found | undefined {
    this.#byUid ??= new Map(this.#everything().map(found => [found.object.metadata.uid, found]))
    return uid === undefined ? undefined : this.#byUid.get(uid)
  }

  /** Everything whose controller is the given object. */
  controlledBy({ metadata }: KubeObject): readonly Found[] {
    this.#controlled ??= groupBy(this.#everything(), ({ object }) => controllerOf(object)?.uid ?? '')
    return this.#controlled.get(metadata.uid) ?? []
  }

  /** Up the chain, the nearest first. Whoever writes owner references may lead in a circle: each is met once. */
  *controllers(object: KubeObject): Generator<Found, undefined> {
    const met = new Set<string>()
    for (let next = this.byUid(controllerOf(object)?.uid); next; next = this.byUid(controllerOf(next.object)?.uid)) {
      if (met.has(next.object.metadata.uid)) return
      met.add(next.object.metadata.uid)
      yield next
    }
  }

  /** The last controller up the chain: of a pod its Deployment, of a bare pod nothing. */
  topController(object: KubeObject): Found | undefined {
    let top: Found | undefined
    for (const controller of this.controllers(object)) top = controller
    return top
  }

  /** Those that run or will: one that is over, as an evicted one, answers nobody and needs no budget. */
  podsMatching(namespace: string, selector: LabelMatcher): readonly Pod[] {
    return this.in(PodType, namespace).filter(pod => selector.matches(pod.metadata.labels) && !isOver(pod))
  }

  /** All pods below an object, through any number of controllers. */
  podsBelow(object: KubeObject, met = new Set<string>()): readonly Pod[] {
    if (met.has(object.metadata.uid)) return []
    met.add(object.metadata.uid)
    return this.controlledBy(object).flatMap(found =>
      found.type.kind === 'Pod' ? [found.object as unknown as Pod] : this.podsBelow(found.object, met),
    )
  }

  #everything(): Found[] {
    return [...this.#lists.values()].flatMap(({ type, objects }) =>
      objects.map(object => ({ ...refTo(type, object), object: object as AnyObject })),
    )
  }
}
