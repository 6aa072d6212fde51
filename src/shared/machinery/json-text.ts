// JSON as text and as values, where whole numbers keep every digit: those of 64 bits that a number would round are
// bigints, and only those. As in Go, what is larger still, and what has a fraction or an exponent, is a double.
//
// To read, to write and to measure are self-contained, since their source text is also what the decoding worker runs.

/** @throws SyntaxError */
export function parseJson(text: string): unknown {
  const value = JSON.parse(text) as unknown
  // No shorter number is rounded, and hardly any text has so many digits in a row.
  if (!/\d{16}/.test(text)) return value

  // The text is valid: what follows only has to find its parts.
  let at = 0
  const scalar = /[^\s,\]}]+/y
  const space = () => {
    while (/\s/.test(text.charAt(at))) at += 1
  }
  const string = (): string => {
    const start = at
    for (at += 1; text.charCodeAt(at) !== 34; at += 1) if (text.charCodeAt(at) === 92) at += 1
    at += 1
    return JSON.parse(text.slice(start, at)) as string
  }
  /** Reads what stands between brackets, item by item, and steps over the closing one. */
  const items = (read: () => void) => {
    at += 1
    space()
    while (!']}'.includes(text.charAt(at))) {
      read()
      space()
      if (text.charAt(at) === ',') at += 1
      space()
    }
    at += 1
  }
  const read = (): unknown => {
    space()
    switch (text.charAt(at)) {
      case '"':
        return string()
      case '[': {
        const list: unknown[] = []
        items(() => list.push(read()))
        return list
      }
      case '{': {
        const object: Record<string, unknown> = {}
        items(() => {
          const key = string()
          space()
          at += 1
          const value = read()
          // A plain assignment to `__proto__` would set the prototype.
          if (key === '__proto__')
            Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
          else object[key] = value
        })
        return object
      }
      default: {
        scalar.lastIndex = at
        const [literal = ''] = scalar.exec(text) ?? []
        at += literal.length
        const rounded = JSON.parse(literal) as unknown
        if (!/^-?\d{16,19}$/.test(literal) || Number.isSafeInteger(rounded)) return rounded
        const exact = BigInt(literal)
        return BigInt.asIntN(64, exact) === exact ? exact : rounded
      }
    }
  }
  return read()
}

/** @returns a whole number as `parseJson` has it: only what a number would round is a bigint, if 64 bits hold it */
export function narrow(value: bigint): number | bigint {
  const rounded = Number(value)
  return Number.isSafeInteger(rounded) || BigInt.asIntN(64, value) !== value ? rounded : value
}

/** @returns the text of a JSON value, whose bigints become plain numbers */
export function encodeJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    // What a bigint, or a circle, is answered with. Few values have either, so that only they pay for being looked at.
    if (!(error instanceof TypeError)) throw error
  }
  const encode = (inner: unknown, depth: number): string | undefined => {
    if (typeof inner === 'bigint') return String(inner)
    if (typeof inner !== 'object' || inner === null) return JSON.stringify(inner)
    if (depth > 1000) throw new TypeError('the value is nested too deeply for JSON')
    if (Array.isArray(inner)) return `[${inner.map(item => encode(item, depth + 1) ?? 'null').join()}]`
    const fields = Object.entries(inner).flatMap(([key, item]) => {
      const text = encode(item, depth + 1)
      return text === undefined ? [] : [`${JSON.stringify(key)}:${text}`]
    })
    return `{${fields.join()}}`
  }
  return encode(value, 0) ?? 'null'
}

/**
 * For values that hold a long text in many places, which are small until they are written.
 * @param most what is longer is measured no further
 * @returns how many characters the text of a JSON value has at least
 */
export function leastTextLength(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return 1
  // Brackets and the commas between parts.
  let length = 1
  const isList = Array.isArray(value)
  for (const key of isList ? value.keys() : Object.keys(value)) {
    const inner = (value as Record<string | number, unknown>)[key]
    if (inner === undefined && !isList) continue
    length += (isList ? 1 : (key as string).length + 4) + leastTextLength(inner, most - length)
    if (length > most) return length
  }
  return Math.max(2, length)
}
