// What is drawn by a seed, and so the same in every run.

/** @returns a source of numbers from 0 to 1 @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function numbers(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** @param draw between 0 and 1 */
export const pick = (draw, items) => items[Math.floor(draw() * items.length)]

export const some = (draw, items, share = 0.4) => items.filter(() => draw() < share)

/** @param {[number, T][]} weighted @template T @returns {T} one of them, the heavier the likelier */
export function weigh(draw, weighted) {
  let left = draw() * weighted.reduce((sum, [weight]) => sum + weight, 0)
  return (weighted.find(([weight]) => (left -= weight) < 0) ?? weighted.at(-1))[1]
}
