// Work that lets others have their turn, done at once.
import { expect } from 'vitest'
import type { Pieces } from '../../src/main/pieces/pacer.ts'

/** @returns what it comes to, once others had more turns than these */
export function inPieces<T>(pieces: Pieces<T>, moreThan: number): T {
  let turns = 0
  for (;;) {
    const { done, value } = pieces.next()
    if (!done) turns++
    else {
      expect(turns).toBeGreaterThan(moreThan)
      return value
    }
  }
}
