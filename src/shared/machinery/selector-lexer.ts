// Splits a label selector into tokens.

export interface Token {
  readonly kind: 'word' | '(' | ')' | ',' | '!' | '=' | '==' | '!=' | '>' | '<' | 'in' | 'notin' | 'end' | 'error'
  readonly text: string
}

const SPECIAL = '=!(),<>'
const SPACE = ' \t\r\n'

export function lexSelector(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (SPACE.includes(char)) {
      at += 1
      continue
    }
    const start = at
    if (SPECIAL.includes(char)) {
      const two = text.slice(at, at + 2)
      if (two === '==' || two === '!=') {
        tokens.push({ kind: two, text: two })
        at += 2
      } else {
        tokens.push({ kind: char as Token['kind'], text: char })
        at += 1
      }
      continue
    }
    while (at < text.length && !SPECIAL.includes(text.charAt(at)) && !SPACE.includes(text.charAt(at))) at += 1
    const word = text.slice(start, at)
    tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'word', text: word })
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}
