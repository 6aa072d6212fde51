// YAML as Kubernetes reads it: version 1.1 booleans and octals, merge keys, but no timestamps and no base-60 numbers.
//
// Self-contained like scanJson: the decoding worker runs this function's source text.
import type * as yaml from 'yaml'

export interface YamlResult {
  readonly value?: unknown
  readonly error?: string
  readonly duplicates: string[]
}

export function parseYaml(
  module: Pick<typeof yaml, 'Lexer' | 'Parser' | 'Composer'>,
  text: string,
  maxDepth: number,
): YamlResult {
  interface Scalar {
    value?: unknown
  }
  interface Node {
    items?: readonly (Node | { key: Scalar | null; value: Node | null })[]
    value?: unknown
  }
  class Problem extends Error {}
  const foreign = /timestamp|binary|omap|pairs|set$/
  const duplicates: string[] = []
  const line = (offset: number) => text.slice(0, offset).split('\n').length
  const fail = (message: string): YamlResult => ({ error: message, duplicates })

  /** What stands around the deepest value, besides its containers. */
  const around = 4
  /**
   * The library recurses over nesting until the stack ends, where even the engine's own parts may give up, and the
   * process with them.
   */
  function* shallowTokens() {
    const parser = new module.Parser()
    for (const lexeme of new module.Lexer().lex(text)) {
      yield* parser.next(lexeme)
      if (parser.stack.length > maxDepth + around) throw new Problem(`exceeded max depth of ${maxDepth}`)
    }
    yield* parser.end()
  }

  try {
    const composer = new module.Composer({
      version: '1.1',
      schema: 'yaml-1.1',
      merge: true,
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
      intAsBigInt: true,
      customTags: tags =>
        tags.filter(tag => typeof tag === 'string' || (!foreign.test(tag.tag) && tag.format !== 'TIME')),
    })
    const [document] = [...composer.compose(shallowTokens(), true, text.length)]
    if (!document) return fail('yaml: no document')
    const first = document.errors[0]
    if (first) return fail(`yaml: line ${line(first.pos[0])}: ${first.message}`)

    /** Whole numbers as JSON has them: only what a number would round stays a bigint, if 64 bits hold it. */
    const narrow = (exact: bigint) => {
      const rounded = Number(exact)
      return Number.isSafeInteger(rounded) || BigInt.asIntN(64, exact) !== exact ? rounded : exact
    }
    /** Narrows numbers, finds keys given twice, and nesting that is too deep before anything recurses over it. */
    const walk = (node: Node | null, path: string, depth: number): void => {
      if (typeof node?.value === 'bigint') node.value = narrow(node.value)
      if (!node?.items) return
      if (depth >= maxDepth) throw new Problem(`exceeded max depth of ${maxDepth}`)
      const keys = new Set<string>()
      node.items.forEach((item, i) => {
        if (!('key' in item)) return walk(item as Node, `${path}[${i}]`, depth + 1)
        if (item.key !== null && 'items' in item.key) throw new Problem('yaml: invalid map key')
        const key = String(item.key?.value ?? null)
        const here = path ? `${path}.${key}` : key
        if (keys.has(key) && key !== '<<') duplicates.push(here)
        keys.add(key)
        walk(item.value, here, depth + 1)
      })
    }
    walk(document.contents as Node | null, '', 0)

    /** Aliases can nest a value deeper than the text does; numbers that JSON lacks are refused. */
    const check = (value: unknown, depth: number): void => {
      if (typeof value === 'number' && !Number.isFinite(value)) {
        throw new Problem(`json: unsupported value: ${value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN'}`)
      }
      if (typeof value !== 'object' || value === null) return
      if (depth >= maxDepth) throw new Problem(`exceeded max depth of ${maxDepth}`)
      for (const inner of Object.values(value)) check(inner, depth + 1)
    }
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    check(value, 0)
    return { value, duplicates }
  } catch (error) {
    // The parser throws ReferenceError for unknown anchors and too many aliases.
    if (error instanceof Problem || error instanceof ReferenceError) return fail(error.message)
    if (error instanceof RangeError) return fail(`exceeded max depth of ${maxDepth}`)
    throw error
  }
}
