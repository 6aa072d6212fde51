// Splits an expression into tokens. @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
import type { Issue } from './errors.ts'
import { Uint } from './values.ts'

export interface Token {
  readonly kind: 'ident' | 'literal' | 'op' | 'end'
  readonly offset: number
  /** Text of an identifier or operator. */
  readonly text: string
  readonly value?: bigint | Uint | number | string | Uint8Array
}

export class SyntaxIssue extends Error {
  readonly issue: Issue
  /** @param prefix what is said of texts that are no expression; macros say none */
  constructor(offset: number, message: string, prefix = 'Syntax error: ') {
    super(message)
    this.issue = { offset, message: `${prefix}${message}` }
  }
}

const OPERATORS = ['&&', '||', '==', '!=', '<=', '>=', ...'+-*/%<>!?:.,()[]{}']
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '?': '?',
  '"': '"',
  "'": "'",
  '`': '`',
}
const NUMBER = /0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|\d+[uU]?/y
const IDENT = /[A-Za-z_]\w*/y
const STRING_START = /([bBrR]{0,2})("""|'''|"|')/y

const MAX_INT = 2n ** 63n
const MAX_UINT = 2n ** 64n

function number(text: string, offset: number): Token {
  const token = (value: bigint | Uint | number): Token => ({ kind: 'literal', offset, text, value })
  const hex = /^0[xX]/.test(text)
  if (!hex && /[.eE]/.test(text)) return token(Number(text))
  const unsigned = /[uU]$/.test(text)
  const amount = BigInt(unsigned ? text.slice(0, -1) : text)
  if (unsigned) {
    if (amount >= MAX_UINT) throw new SyntaxIssue(offset, 'invalid uint literal', '')
    return token(new Uint(amount))
  }
  // The smallest integer is written as a minus and this.
  if (amount > MAX_INT) throw new SyntaxIssue(offset, 'invalid int literal', '')
  return token(amount)
}

const ESCAPE =
  /\\(?:([abfnrtv\\?"'`])|x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|)/g

function unescape(raw: string, offset: number, bytes: boolean): string | Uint8Array {
  const parts: number[] = []
  const out: string[] = []
  let last = 0
  const plain = (text: string) => {
    if (bytes) parts.push(...Buffer.from(text))
    else out.push(text)
  }
  for (const match of raw.matchAll(ESCAPE)) {
    plain(raw.slice(last, match.index))
    last = match.index + match[0].length
    const [, simple, x1, x2, u4, u8, octal] = match
    const code = Number.parseInt(x1 ?? x2 ?? u4 ?? u8 ?? '', 16)
    if (simple !== undefined) plain(ESCAPES[simple] ?? simple)
    else if (octal !== undefined || x1 !== undefined || x2 !== undefined) {
      const value = octal === undefined ? code : Number.parseInt(octal, 8)
      if (bytes) parts.push(value)
      else out.push(String.fromCodePoint(value))
    } else if ((u4 ?? u8) !== undefined && !bytes && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff))
      out.push(String.fromCodePoint(code))
    else throw new SyntaxIssue(offset, 'unable to unescape string')
  }
  plain(raw.slice(last))
  return bytes ? Uint8Array.from(parts) : out.join('')
}

function string(text: string, offset: number, prefix: string, quote: string): Token & { end: number } {
  const raw = /r/i.test(prefix)
  const start = offset + prefix.length + quote.length
  let at = start
  while (at < text.length && !text.startsWith(quote, at)) {
    if (quote.length === 1 && (text[at] === '\n' || text[at] === '\r')) break
    at += !raw && text[at] === '\\' ? 2 : 1
  }
  if (!text.startsWith(quote, at))
    throw new SyntaxIssue(offset, `token recognition error at: '${text.slice(offset, Math.min(at, offset + 20))}'`)
  const body = text.slice(start, at)
  const bytes = /b/i.test(prefix)
  const value = raw ? (bytes ? Uint8Array.from(Buffer.from(body)) : body) : unescape(body, offset, bytes)
  return { kind: 'literal', offset, text: text.slice(offset, at + quote.length), value, end: at + quote.length }
}

/** @throws SyntaxIssue */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at
    return pattern.exec(text)
  }
  while (at < text.length) {
    const ch = text[at] ?? ''
    if (/\s/.test(ch)) {
      at++
      continue
    }
    if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
      continue
    }
    const quoted = match(STRING_START)
    if (quoted) {
      const { end, ...token } = string(text, at, quoted[1] ?? '', quoted[2] ?? '')
      tokens.push(token)
      at = end
      continue
    }
    const digits = /[\d.]/.test(ch) ? match(NUMBER) : null
    if (digits) {
      tokens.push(number(digits[0], at))
      at += digits[0].length
      continue
    }
    const word = match(IDENT)
    if (word) {
      tokens.push({ kind: 'ident', offset: at, text: word[0] })
      at += word[0].length
      continue
    }
    const op = OPERATORS.find(candidate => text.startsWith(candidate, at))
    if (!op) throw new SyntaxIssue(at, `token recognition error at: '${ch}'`)
    tokens.push({ kind: 'op', offset: at, text: op })
    at += op.length
  }
  tokens.push({ kind: 'end', offset: text.length, text: '<EOF>' })
  return tokens
}
