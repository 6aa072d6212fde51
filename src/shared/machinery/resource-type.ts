// What names a kind of object everywhere in the program: pass `Pod`, never the string 'pods'.

/** A kind that the API serves: its group, version, kind, plural and scope. `T` is the type of its objects. */
export interface ResourceType<T> {
  /** API group; '' is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Lower-case plural, as in the URL. */
  readonly plural: string
  readonly namespaced: boolean
  /** Carries the type of the objects; never set. */
  readonly _type?: T
}

/** @returns `v1` for the core group, else `group/version`, as in the `apiVersion` field. */
export function apiVersionOf(type: Pick<ResourceType<unknown>, 'group' | 'version'>): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`
}

/** @returns `plural` or `plural.group`, as upstream prints a GroupResource in messages. */
export function groupResourceOf(type: Pick<ResourceType<unknown>, 'group' | 'plural'>): string {
  return type.group === '' ? type.plural : `${type.plural}.${type.group}`
}

/** @returns the collection's URL path: `/api/v1/namespaces/ns/pods`, `/apis/apps/v1/deployments`. */
export function collectionPath(type: ResourceType<unknown>, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  return type.namespaced && namespace
    ? `${root}/namespaces/${encodeURIComponent(namespace)}/${type.plural}`
    : `${root}/${type.plural}`
}
