// Recursive descent over the tokens, in CEL's order of precedence. Calls of macros are expanded on the way.
import { CompileError } from './errors.ts'
import { SyntaxIssue, type Token, tokenize } from './lexer.ts'
import { type MacroOptions, expandMacro } from './macros.ts'
import { RESERVED } from './reserved-words.ts'
import { type Expr, type Make, qualifiedName } from './syntax.ts'

/** Nested deeper, an expression is refused; the stack would not be the limit otherwise. */
const MAX_DEPTH = 250
const MAX_LENGTH = 100_000

const RELATIONS = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])
const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }

class Parser {
  readonly #tokens: readonly Token[]
  readonly #macros: MacroOptions
  #at = 0
  #ids = 0
  #depth = 0

  constructor(text: string, macros: MacroOptions) {
    this.#tokens = tokenize(text)
    this.#macros = macros
  }

  readonly #make: Make = (offset, body) => ({ id: ++this.#ids, offset, ...body }) as Expr

  get #next(): Token {
    return this.#tokens[this.#at] as Token
  }

  #call(offset: number, fn: string, args: Expr[], target?: Expr): Expr {
    const expanded = expandMacro({ make: this.#make, offset, fn, target, args }, this.#macros)
    return expanded ?? this.#make(offset, { kind: 'call', fn, target, args })
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#next
    return kind === 'op' && found === text
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false
    this.#at++
    return true
  }

  #expect(text: string): Token {
    const token = this.#next
    if (!this.#take(text)) throw this.#unexpected(`expecting '${text}'`)
    return token
  }

  #unexpected(expecting: string): SyntaxIssue {
    return new SyntaxIssue(this.#next.offset, `mismatched input '${this.#next.text}' ${expecting}`)
  }

  /** One word too many is told as that. */
  #tooMuch(): SyntaxIssue {
    const { offset, text } = this.#next
    const isLast = this.#tokens[this.#at + 1]?.kind === 'end'
    return isLast
      ? new SyntaxIssue(offset, `extraneous input '${text}' expecting <EOF>`)
      : this.#unexpected('expecting <EOF>')
  }

  whole(): Expr {
    const expr = this.#expression()
    if (this.#next.kind !== 'end') throw this.#tooMuch()
    return expr
  }

  #nested<T>(work: () => T): T {
    if (++this.#depth > MAX_DEPTH)
      throw new SyntaxIssue(this.#next.offset, `expression recursion limit exceeded: ${MAX_DEPTH}`)
    const result = work()
    this.#depth--
    return result
  }

  #expression(): Expr {
    return this.#nested(() => {
      const condition = this.#logical('||', () => this.#logical('&&', () => this.#relation()))
      const { offset } = this.#next
      if (!this.#take('?')) return condition
      const yes = this.#logical('||', () => this.#logical('&&', () => this.#relation()))
      this.#expect(':')
      return this.#call(offset, '_?_:_', [condition, yes, this.#expression()])
    })
  }

  /** Long chains become a balanced tree, so that they are not deep. */
  #logical(op: '||' | '&&', operand: () => Expr): Expr {
    const terms = [operand()]
    const offsets: number[] = []
    while (this.#is(op)) {
      offsets.push(this.#next.offset)
      this.#at++
      terms.push(operand())
    }
    const join = (from: number, to: number): Expr => {
      if (to - from === 1) return terms[from] as Expr
      const middle = (from + to + 1) >> 1
      return this.#call(offsets[middle - 1] ?? 0, `_${op}_`, [join(from, middle), join(middle, to)])
    }
    return join(0, terms.length)
  }

  #binary(operand: () => Expr, isOperator: (token: Token) => boolean): Expr {
    let left = operand()
    let depth = 0
    while (isOperator(this.#next)) {
      if (++depth > MAX_DEPTH) throw new SyntaxIssue(this.#next.offset, 'expression recursion limit exceeded: 250')
      const { text, offset } = this.#next
      this.#at++
      left = this.#call(offset, text === 'in' ? '@in' : `_${text}_`, [left, operand()])
    }
    return left
  }

  #relation(): Expr {
    return this.#binary(
      () => this.#additive(),
      ({ kind, text }) => (kind === 'op' || text === 'in') && kind !== 'literal' && RELATIONS.has(text),
    )
  }

  #additive(): Expr {
    return this.#binary(
      () =>
        this.#binary(
          () => this.#unary(),
          ({ kind, text }) => kind === 'op' && (text === '*' || text === '/' || text === '%'),
        ),
      ({ kind, text }) => kind === 'op' && (text === '+' || text === '-'),
    )
  }

  #unary(): Expr {
    const { offset } = this.#next
    if (this.#take('!')) return this.#nested(() => this.#call(offset, '!_', [this.#unary()]))
    if (!this.#take('-')) return this.#member()
    const { value } = this.#next
    if (typeof value === 'bigint' || typeof value === 'number') {
      this.#at++
      return this.#members(this.#make(offset, { kind: 'literal', value: -value }))
    }
    return this.#nested(() => this.#call(offset, '-_', [this.#unary()]))
  }

  #member(): Expr {
    return this.#members(this.#primary())
  }

  #members(start: Expr): Expr {
    let expr = start
    for (let depth = 0; ; depth++) {
      if (depth > MAX_DEPTH) throw new SyntaxIssue(this.#next.offset, 'expression recursion limit exceeded: 250')
      const { offset } = this.#next
      if (this.#take('.')) {
        const optional = this.#take('?')
        const { kind, text, offset: at } = this.#next
        if (kind !== 'ident') throw this.#unexpected('expecting IDENTIFIER')
        this.#at++
        if (optional) {
          const field = this.#make(at, { kind: 'literal', value: text })
          expr = this.#make(offset, { kind: 'call', fn: '_?._', target: undefined, args: [expr, field] })
        } else if (this.#is('(')) {
          const open = this.#next.offset
          expr = this.#call(open, text, this.#arguments(), expr)
        } else expr = this.#make(offset, { kind: 'select', operand: expr, field: text, test: false })
      } else if (this.#take('[')) {
        const optional = this.#take('?')
        const index = this.#expression()
        this.#expect(']')
        expr = this.#call(offset, optional ? '_[?_]' : '_[_]', [expr, index])
      } else if (this.#is('{')) {
        const type = qualifiedName(expr)
        if (type === undefined) return expr
        expr = this.#struct(type)
      } else return expr
    }
  }

  #arguments(): Expr[] {
    this.#expect('(')
    return this.#until(')', () => this.#expression())
  }

  #until<T>(end: string, item: () => T): T[] {
    const items: T[] = []
    while (!this.#is(end)) {
      items.push(item())
      if (!this.#take(',')) break
    }
    this.#expect(end)
    return items
  }

  #struct(type: string): Expr {
    const { offset } = this.#expect('{')
    const fields = this.#until('}', () => {
      const optional = this.#take('?')
      const { kind, text, offset: at } = this.#next
      if (kind !== 'ident') throw this.#unexpected('expecting IDENTIFIER')
      this.#at++
      this.#expect(':')
      return { name: text, optional, offset: at, value: this.#expression() }
    })
    return this.#make(offset, { kind: 'struct', type, fields })
  }

  #primary(): Expr {
    const token = this.#next
    const { kind, text, offset, value } = token
    if (kind === 'literal' && value !== undefined) {
      if (value === 2n ** 63n) throw new SyntaxIssue(offset, 'invalid int literal', '')
      this.#at++
      return this.#make(offset, { kind: 'literal', value })
    }
    if (kind === 'ident' && text !== 'in') {
      this.#at++
      if (Object.hasOwn(CONSTANTS, text)) return this.#make(offset, { kind: 'literal', value: CONSTANTS[text] ?? null })
      if (RESERVED.has(text)) throw new SyntaxIssue(offset, `reserved identifier: ${text}`)
      return this.#is('(')
        ? this.#call(this.#next.offset, text, this.#arguments())
        : this.#make(offset, { kind: 'ident', name: text })
    }
    if (this.#take('(')) {
      const inner = this.#expression()
      this.#expect(')')
      return inner
    }
    if (this.#take('[')) {
      const items = this.#until(']', () => ({ optional: this.#take('?'), value: this.#expression() }))
      return this.#make(offset, { kind: 'list', items })
    }
    if (this.#take('{')) {
      const entries = this.#until('}', () => {
        const optional = this.#take('?')
        const key = this.#expression()
        this.#expect(':')
        return { optional, key, value: this.#expression() }
      })
      return this.#make(offset, { kind: 'map', entries })
    }
    if (this.#take('.')) return this.#primary()
    throw this.#unexpected("expecting {'[', '{', '(', '.', '-', '!', literal, IDENTIFIER}")
  }
}

/** @throws CompileError */
export function parse(text: string, macros: MacroOptions): Expr {
  try {
    if (text.length > MAX_LENGTH) throw new SyntaxIssue(0, `expression code point size exceeds limit: ${MAX_LENGTH}`)
    return new Parser(text, macros).whole()
  } catch (error) {
    if (error instanceof SyntaxIssue) throw CompileError.at(text, [error.issue])
    throw error
  }
}
