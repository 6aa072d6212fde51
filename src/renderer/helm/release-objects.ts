// The objects that a release brought, as its manifest names them, and what has to be read to tell how they are.
import { ConfigMap, Pod, Secret } from '../../shared/api/core/v1.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import type { Wanted } from '../api/live-pool.ts'
import { typeOfReference } from '../kinds/references.ts'
import { REFUSALS } from '../status/pods-below.ts'
import { groupBy } from '../../shared/machinery/group-by.ts'
import type { ObjectRef } from '../world/world.ts'
import { kindKey } from '../api/discovery.ts'
import { objectsOf } from './manifests.ts'

export interface ReleaseObject {
  readonly kind: string
  readonly name: string
  /** Undefined of a kind that the server does not serve. */
  readonly ref: ObjectRef | undefined
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value ? value : undefined)

const isList = ({ apiVersion, kind }: AnyObject) => apiVersion === 'v1' && kind === 'List'
const isObject = (item: unknown): item is AnyObject => {
  const { apiVersion, kind } = (item ?? {}) as Partial<Record<keyof AnyObject, unknown>>
  return typeof apiVersion === 'string' && typeof kind === 'string'
}
const withItems = (object: AnyObject): AnyObject[] => {
  const { items } = object as { items?: unknown }
  return isList(object) && Array.isArray(items) ? items.filter(isObject) : [object]
}

/**
 * @param release the namespace of what names none
 * @returns undefined while the manifest is read
 */
export function objectsOfRelease(manifest: string, release: string): ReleaseObject[] | undefined {
  return objectsOf(manifest)
    ?.flatMap(withItems)
    .map(object => {
      const given = (object.metadata ?? {}) as Record<'namespace' | 'name', unknown>
      const [type, name = ''] = [typeOfReference(object), textOf(given.name)]
      const namespace = type?.namespaced ? (textOf(given.namespace) ?? release) : undefined
      return { kind: object.kind, name, ref: type && { type, namespace, name } }
    })
}

/** What nothing but names is needed of. */
const METADATA_ONLY: ReadonlySet<string> = new Set([Secret, ConfigMap].map(kindKey))

/** A list of each kind; of a single object, of that alone. Pods and refusals tell how workloads are. */
export function wantedFor(objects: readonly ReleaseObject[]): Wanted[] {
  const refs = objects.flatMap(({ ref }) => (ref ? [ref] : []))
  const namespaceFor = (some: readonly ObjectRef[]) => {
    const names = new Set(some.map(({ namespace }) => namespace))
    return names.size === 1 ? some[0]?.namespace : undefined
  }
  const kinds = [...groupBy(refs, ({ type }) => kindKey(type)).values()].flatMap((some): Wanted[] => {
    const [first] = some
    if (!first || kindKey(first.type) === kindKey(Pod)) return []
    const isOne = some.length === 1 && /^[\w.:-]+$/.test(first.name)
    return [
      {
        type: first.type,
        namespace: namespaceFor(some),
        ...(isOne ? { fieldSelector: `metadata.name=${first.name}` } : {}),
        metadataOnly: METADATA_ONLY.has(kindKey(first.type)),
      },
    ]
  })
  const namespaced = refs.filter(({ type }) => type.namespaced)
  if (namespaced.length === 0) return kinds
  const namespace = namespaceFor(namespaced)
  return [...kinds, { type: Pod, namespace }, { ...REFUSALS, namespace }]
}
