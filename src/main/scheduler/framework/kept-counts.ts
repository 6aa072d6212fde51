// Counts over the cluster's pods that a plugin makes for one pod, kept for the next pods that ask the same: what has
// been placed since is added, rather than everything counted again. Preemption may try things on them within a cycle,
// and leaves them as they were.
import { RecentlyUsed } from '../../../shared/machinery/recently-used.ts'
import type { Journal, Placement } from '../cache/journal.ts'
import type { ClusterView } from './cluster-view.ts'

/** Kept, those used last. */
const MOST = 32

export class KeptCounts<S> {
  readonly #kept = new RecentlyUsed<{ counts: S; at: number }>(MOST)
  readonly #add: (counts: S, placement: Placement) => void
  readonly #holds: (counts: S) => boolean
  #journal: Journal | undefined
  #epoch = 0

  /**
   * @param add counts one more, or one less
   * @param holds whether the counts depend on nothing that the journal does not tell of
   */
  constructor(add: (counts: S, placement: Placement) => void, holds: (counts: S) => boolean = () => true) {
    this.#add = add
    this.#holds = holds
  }

  /** @param key the same for pods for which `count` comes to the same */
  of({ journal }: ClusterView, key: string, count: () => S): S {
    if (!journal) return count()
    if (journal !== this.#journal || journal.epoch !== this.#epoch) this.#kept.clear()
    this.#journal = journal
    this.#epoch = journal.epoch
    const known = this.#kept.get(key)
    const missed = known && this.#holds(known.counts) ? journal.since(known.at) : undefined
    if (!known || !missed) this.#kept.delete(key)
    const entry = this.#kept.use(key, () => ({ counts: count(), at: journal.end }))
    if (missed) for (const placement of missed) this.#add(entry.counts, placement)
    entry.at = journal.end
    return entry.counts
  }
}
