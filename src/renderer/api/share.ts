// A changed object takes over what it has in common with its former self. What a list brings comes out of one text, in
// which equal words are one string; each change comes by itself, and would bring all of its words anew.

type Parts = Record<string, unknown>
const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null

/**
 * @param after fresh, and this caller's own: equal parts of it are replaced
 * @returns `before` where nothing differs
 */
export function share<T>(before: unknown, after: T): T {
  if (Object.is(before, after)) return before as T
  if (!isParts(before) || !isParts(after) || Array.isArray(before) !== Array.isArray(after)) return after
  let isSame = true
  let names = 0
  for (const name in after) {
    names++
    // Names may be those of what every object has.
    const isOld = Object.hasOwn(before, name)
    const kept: unknown = share(isOld ? before[name] : undefined, after[name])
    if (!isOld || !Object.is(kept, before[name])) isSame = false
    ;(after as Parts)[name] = kept
  }
  return isSame && Object.keys(before).length === names ? (before as T) : after
}
