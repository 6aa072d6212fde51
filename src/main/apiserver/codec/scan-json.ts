// Checks a JSON text in one pass: syntax with Go's messages, nesting, numbers that no double holds, and keys that appear
// twice in one object.
//
// The function is self-contained, with no reference to anything outside itself, since its source text is also what
// the decoding worker runs.

export interface JsonScan {
  /** Why the text is not acceptable JSON; undefined when it is. */
  readonly error?: string
  /** The first number that is larger than any double, such as `1e400`. */
  readonly outOfRange?: string
  /** How whole numbers are written that have a fraction or an exponent, such as `1.0`, by their paths; of the first hundred. */
  readonly literals?: ReadonlyMap<string, string>
  /** Paths of fields given twice, such as `spec.containers[0].image`. */
  readonly duplicates: string[]
}

/** @param onKey told each key's path, in the order of the text */
export function scanJson(text: string, maxDepth: number, onKey?: (path: string) => void): JsonScan {
  const duplicates: string[] = []
  let outOfRange: string | undefined
  let literals: Map<string, string> | undefined
  let fractions = 0
  const path: (string | number)[] = []
  let at = 0

  const problem = (where: string): never => {
    if (at >= text.length) throw new SyntaxError('unexpected end of JSON input')
    const char = text.charAt(at)
    const shown = char === "'" ? `'\\''` : char === '"' ? `'"'` : `'${JSON.stringify(char).slice(1, -1)}'`
    throw new SyntaxError(`invalid character ${shown} ${where}`)
  }
  const space = () => {
    for (;;) {
      const code = text.charCodeAt(at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      at += 1
    }
  }
  const fieldPath = (...more: string[]) => {
    let shown = ''
    for (const step of [...path, ...more]) shown += typeof step === 'number' ? `[${step}]` : shown ? `.${step}` : step
    return shown
  }
  // Most of a text is in strings, and most of a string is plain: neither a quote, a backslash nor a control character.
  const plain = /[ !#-[\]-\uffff]*/y
  /** @returns the text between the quotes, escapes left as they are. */
  const string = (): string => {
    at += 1
    const start = at
    for (;;) {
      plain.lastIndex = at
      plain.test(text)
      at = plain.lastIndex
      const code = text.charCodeAt(at)
      if (code === 34) {
        at += 1
        return text.slice(start, at - 1)
      }
      if (code === 92) {
        const escaped = text.charAt(at + 1)
        at += 1
        if (escaped === 'u') {
          for (let i = 1; i <= 4; i++) {
            if (/[0-9a-fA-F]/.test(text.charAt(at + i))) continue
            at += i
            problem('in \\u hexadecimal character escape')
          }
          at += 5
        } else if (escaped !== '' && '"\\/bfnrt'.includes(escaped)) at += 1
        else problem('in string escape code')
      } else problem('in string literal')
    }
  }
  const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
  const word = (literal: string) => {
    for (let i = 0; i < literal.length; i++) {
      if (text.charAt(at) !== literal.charAt(i)) {
        problem(`in literal ${literal} (expecting '${literal.charAt(i)}')`)
      }
      at += 1
    }
  }
  const value = (depth: number): void => {
    space()
    switch (text.charAt(at)) {
      case '{':
        return object(depth + 1)
      case '[':
        return array(depth + 1)
      case '"':
        string()
        return
      case 't':
        return word('true')
      case 'f':
        return word('false')
      case 'n':
        return word('null')
      default: {
        number.lastIndex = at
        const match = number.exec(text)
        if (!match) {
          if (text.charAt(at) === '-') {
            at += 1
            problem('in numeric literal')
          }
          problem('looking for beginning of value')
        }
        // No shorter text is that large.
        if (match && match[0].length > 4 && !Number.isFinite(Number(match[0]))) outOfRange ??= match[0].slice(0, 64)
        if (match && fractions < 100 && /[.eE]/.test(match[0]) && Number.isInteger(Number(match[0]))) {
          fractions += 1
          const where = fieldPath()
          // No field that holds a number has a longer path, and a hundred long ones would be as many copies of a body.
          if (where.length <= 4096) (literals ??= new Map<string, string>()).set(where, match[0].slice(0, 64))
        }
        at = number.lastIndex
      }
    }
  }
  const checkDepth = (depth: number) => {
    if (depth > maxDepth) throw new SyntaxError(`exceeded max depth of ${maxDepth}`)
  }
  const object = (depth: number) => {
    checkDepth(depth)
    at += 1
    space()
    if (text.charAt(at) === '}') {
      at += 1
      return
    }
    const keys = new Set<string>()
    for (;;) {
      space()
      if (text.charAt(at) !== '"') problem('looking for beginning of object key string')
      let key = string()
      if (key.includes('\\')) key = JSON.parse(`"${key}"`) as string
      if (onKey) onKey(fieldPath(key))
      if (keys.has(key)) duplicates.push(fieldPath(key))
      keys.add(key)
      space()
      if (text.charAt(at) !== ':') problem('after object key')
      at += 1
      path.push(key)
      value(depth)
      path.pop()
      space()
      const next = text.charAt(at)
      if (next !== ',' && next !== '}') problem('after object key:value pair')
      at += 1
      if (next === '}') return
    }
  }
  const array = (depth: number) => {
    checkDepth(depth)
    at += 1
    space()
    if (text.charAt(at) === ']') {
      at += 1
      return
    }
    for (let i = 0; ; i++) {
      path.push(i)
      value(depth)
      path.pop()
      space()
      const next = text.charAt(at)
      if (next !== ',' && next !== ']') problem('after array element')
      at += 1
      if (next === ']') return
    }
  }
  try {
    value(0)
    space()
    if (at < text.length) problem('after top-level value')
    return { duplicates, ...(outOfRange === undefined ? {} : { outOfRange }), ...(literals ? { literals } : {}) }
  } catch (error) {
    if (error instanceof SyntaxError) return { error: error.message, duplicates }
    throw error
  }
}
