// What label and field selectors throw.

/** A selector that cannot be understood; the message is upstream's. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
}
