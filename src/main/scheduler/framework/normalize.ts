// Ways to bring scores to 0…100.
import { MAX_NODE_SCORE } from './plugin.ts'

export function rangeOf(scores: readonly number[]): { readonly least: number; readonly most: number } {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? 0
    if (score < least) least = score
    if (score > most) most = score
  }
  return { least, most }
}

/** The highest becomes 100, the others in proportion; `reversed` turns 100 into 0. All zero stays (or becomes 100). */
export function normalizeScores(scores: number[], reversed: boolean): void {
  const highest = Math.max(0, rangeOf(scores).most)
  for (let i = 0; i < scores.length; i++) {
    const scaled = highest === 0 ? 0 : Math.trunc((MAX_NODE_SCORE * (scores[i] ?? 0)) / highest)
    scores[i] = reversed ? MAX_NODE_SCORE - scaled : scaled
  }
}
