// A copy of those objects of a kind that matter here, which can begin with what the last run knew.
import type { Informer } from '../../shared/client/informer.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'

export class Mirror<T extends KubeObject> {
  readonly #kept = new Map<string, T>()
  readonly #isWanted: (object: T) => boolean
  readonly #changed: () => void

  constructor(changed: () => void, isWanted: (object: T) => boolean = () => true) {
    this.#isWanted = isWanted
    this.#changed = changed
  }

  get size(): number {
    return this.#kept.size
  }
  list(): T[] {
    return [...this.#kept.values()]
  }
  get(key: string): T | undefined {
    return this.#kept.get(key)
  }

  restore(objects: readonly T[]): void {
    for (const object of objects) this.#kept.set(keyOf(object.metadata), object)
  }

  clear(): void {
    if (this.#kept.size === 0) return
    this.#kept.clear()
    this.#changed()
  }

  /** What the informer does not list is dropped once its first list is complete. */
  follow(informer: Informer<T>): void {
    const put = (object: T) => {
      const key = keyOf(object.metadata)
      const isNews = this.#isWanted(object) || this.#kept.has(key)
      if (this.#isWanted(object)) this.#kept.set(key, object)
      else this.#kept.delete(key)
      if (isNews) this.#changed()
    }
    informer.on({
      added: put,
      updated: put,
      deleted: ({ metadata }) => {
        if (this.#kept.delete(keyOf(metadata))) this.#changed()
      },
    })
    informer.synced().then(
      () => {
        for (const key of [...this.#kept.keys()]) if (!informer.lister.byKey(key)) this.#kept.delete(key)
        this.#changed()
      },
      () => undefined, // stopped before the first list: what is known stays
    )
  }
}
