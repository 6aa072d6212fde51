// The read side of an informer: a keyed cache of one kind with indexes.
import type { KubeObject } from '../machinery/object.ts'
import { controllerOf } from '../machinery/owner.ts'
import type { ObjectRef } from './client.ts'
import { keyOf } from './object-key.ts'

/** Names what to index by; caches are shared, so define it once at module level and pass the same value around. */
export interface Index<T> {
  readonly name: string
  /** @returns the values under which `object` is found; none = not indexed */
  readonly values: (object: T) => readonly string[]
}

export const byNamespace: Index<KubeObject> = {
  name: 'namespace',
  values: ({ metadata: { namespace } }) => (namespace ? [namespace] : []),
}

/** Finds dependents by the uid of their controlling owner. */
export const byControllerUid: Index<KubeObject> = {
  name: 'controllerUid',
  values: object => {
    const owner = controllerOf(object)
    return owner ? [owner.uid] : []
  },
}

/** Reads of the cache. Everything returned is shared and immutable. */
export interface Lister<T> {
  readonly size: number
  get(ref: ObjectRef): T | undefined
  byKey(key: string): T | undefined
  /** Undefined = all namespaces. */
  list(namespace?: string): T[]
  /** Objects whose `index` values include `value`; the index is built at its first use. */
  by(index: Index<T>, value: string): T[]
}

type IndexTable<T> = Map<string, Map<string, T>>

/** The cache itself; only the informer writes it. */
export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>()
  readonly #indexes = new Map<Index<T>, IndexTable<T>>()

  get size(): number {
    return this.#objects.size
  }
  get(ref: ObjectRef): T | undefined {
    return this.#objects.get(keyOf(ref))
  }
  byKey(key: string): T | undefined {
    return this.#objects.get(key)
  }
  list(namespace?: string): T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.by(byNamespace, namespace)
  }
  by(index: Index<T>, value: string): T[] {
    let table = this.#indexes.get(index)
    if (!table) {
      table = new Map()
      this.#indexes.set(index, table)
      for (const [key, object] of this.#objects) insert(table, key, index.values(object), object)
    }
    const found = table.get(value)
    return found ? [...found.values()] : []
  }
  keys(): IterableIterator<string> {
    return this.#objects.keys()
  }
  /** @returns what was there before */
  set(key: string, object: T): T | undefined {
    const old = this.#objects.get(key)
    this.#objects.set(key, object)
    for (const [index, table] of this.#indexes) {
      const values = index.values(object)
      if (old) remove(table, key, index.values(old), values)
      insert(table, key, values, object)
    }
    return old
  }
  delete(key: string): T | undefined {
    const old = this.#objects.get(key)
    if (!old) return undefined
    this.#objects.delete(key)
    for (const [index, table] of this.#indexes) remove(table, key, index.values(old))
    return old
  }
}

function insert<T>(table: IndexTable<T>, key: string, values: readonly string[], object: T): void {
  for (const value of values) {
    const bucket = table.get(value)
    if (bucket) bucket.set(key, object)
    else table.set(value, new Map([[key, object]]))
  }
}

function remove<T>(table: IndexTable<T>, key: string, values: readonly string[], kept: readonly string[] = []): void {
  for (const value of values) {
    if (kept.includes(value)) continue
    const bucket = table.get(value)
    bucket?.delete(key)
    if (bucket?.size === 0) table.delete(value)
  }
}
