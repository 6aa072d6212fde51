// What is too large for one go: an empty list or map takes its place at once, and is filled piece by piece later. So the
// small ones, which are nearly all, are merged by plain calls.
import { FEW_ENTRIES, PIECE } from '../../../pieces/large-json.ts'
import { atOnce, type Pieces } from '../../../pieces/pacer.ts'

/** What is still to be filled, by parts that do not wait for each other. */
export type Later = Pieces<void>[]

/** Fills all of it, and what is found to be large on the way. */
export function* finish(later: Later): Pieces<void> {
  for (let next = later.pop(); next; next = later.pop()) yield* next
}

/** @param size how many parts it goes through */
export function soonOrLater(size: number, pieces: Pieces<void>, later: Later): void {
  if (size > PIECE) later.push(pieces)
  else atOnce(pieces)
}

function* eachInPieces<T>(parts: readonly T[], step: (part: T) => void): Pieces<void> {
  let count = 0
  for (const part of parts) {
    step(part)
    if (++count % FEW_ENTRIES === 0) yield
  }
}

/** Goes through few parts at once, and through many later. */
export function each<T>(parts: readonly T[], step: (part: T) => void, later: Later): void {
  if (parts.length > PIECE) later.push(eachInPieces(parts, step))
  else for (const part of parts) step(part)
}
