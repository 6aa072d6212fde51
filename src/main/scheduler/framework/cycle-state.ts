// What plugins keep for the length of one pod's scheduling cycle: computed in PreFilter or PreScore, read per node.

/** Names a value of type T; define one per plugin at module level. */
export interface StateKey<T> {
  readonly name: string
  readonly _type?: T
}

export class CycleState {
  readonly #values = new Map<StateKey<unknown>, unknown>()
  /** Plugins that answered Skip in PreFilter or PreScore. */
  readonly skippedFilters = new Set<string>()
  readonly skippedScores = new Set<string>()

  set<T>(key: StateKey<T>, value: T): void {
    this.#values.set(key, value)
  }
  get<T>(key: StateKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined
  }
}
