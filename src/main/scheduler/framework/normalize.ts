// Ways to bring scores to 0…100.
import { MAX_NODE_SCORE } from './plugin.ts'

/** The highest becomes 100, the others in proportion; `reversed` turns 100 into 0. All zero stays (or becomes 100). */
export function normalizeScores(scores: number[], reversed: boolean): void {
  const highest = scores.reduce((most, score) => Math.max(most, score), 0)
  for (const [i, score] of scores.entries()) {
    const scaled = highest === 0 ? 0 : Math.trunc((MAX_NODE_SCORE * score) / highest)
    scores[i] = reversed ? MAX_NODE_SCORE - scaled : scaled
  }
}
