// Remembers the newest decision about each pod, for "why there?" and "why not yet?". Bounded: the oldest go first.
import { RecentlyUsed } from '../../shared/machinery/recently-used.ts'
import type { NodeScore } from './framework/run-plugins.ts'
import type { RememberedDecision } from './sight.ts'

const MOST = 2_000
/** Scores kept of each. */
const MOST_SCORES = 10

export class Decisions {
  readonly #decisions = new RecentlyUsed<RememberedDecision>(MOST)

  /** @param scores in any order */
  placed(podUid: string, atMs: number, nodeName: string, scores: readonly NodeScore[]): void {
    this.#decisions.set(podUid, { atMs, nodeName, message: undefined, scores: best(scores) })
  }

  rejected(podUid: string, atMs: number, message: string): void {
    this.#decisions.set(podUid, { atMs, nodeName: undefined, message, scores: [] })
  }

  delete(podUid: string): void {
    this.#decisions.delete(podUid)
  }

  get(podUid: string): RememberedDecision | undefined {
    return this.#decisions.get(podUid)
  }
}

/** One pass: hardly any score beats the tenth. */
function best(scores: readonly NodeScore[]): RememberedDecision['scores'] {
  const found: { node: string; total: number }[] = []
  for (const { node, total } of scores) {
    if (found.length === MOST_SCORES && total <= (found.at(-1)?.total ?? 0)) continue
    const at = found.findIndex(other => other.total < total)
    found.splice(at < 0 ? found.length : at, 0, { node: node.name, total })
    if (found.length > MOST_SCORES) found.pop()
  }
  return found
}
