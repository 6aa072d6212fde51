// A lister that also has objects which do not exist.
import type { ObjectRef } from '../../../shared/client/client.ts'
import { type Index, type Lister, ObjectCache } from '../../../shared/client/lister.ts'
import { keyOf } from '../../../shared/client/object-key.ts'
import type { KubeObject } from '../../../shared/machinery/object.ts'

export class Overlay<T extends KubeObject> implements Lister<T> {
  readonly #base: Lister<T>
  readonly #added = new ObjectCache<T>()

  constructor(base: Lister<T>) {
    this.#base = base
  }

  /** In place of one of the same name. */
  add(object: T): void {
    this.#added.set(keyOf(object.metadata), object)
  }

  get size(): number {
    return this.list().length
  }
  get(ref: ObjectRef): T | undefined {
    return this.#added.get(ref) ?? this.#base.get(ref)
  }
  byKey(key: string): T | undefined {
    return this.#added.byKey(key) ?? this.#base.byKey(key)
  }
  list(namespace?: string): T[] {
    return this.#merged(this.#base.list(namespace), this.#added.list(namespace))
  }
  by(index: Index<T>, value: string): T[] {
    return this.#merged(this.#base.by(index, value), this.#added.by(index, value))
  }

  #merged(base: T[], added: T[]): T[] {
    if (this.#added.size === 0) return base
    return [...base.filter(({ metadata }) => !this.#added.get(metadata)), ...added]
  }
}
