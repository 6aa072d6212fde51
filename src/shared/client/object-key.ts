// `namespace/name` keys, as caches and work queues use them.
import type { ObjectRef } from './client.ts'

/** @returns `namespace/name`, or `name` for cluster-scoped objects. */
export const keyOf = ({ namespace, name }: ObjectRef): string => (namespace ? `${namespace}/${name}` : name)

/** The inverse of `keyOf`. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/')
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
