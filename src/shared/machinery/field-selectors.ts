// Field selectors: `metadata.name=web,status.phase!=Running`, with `\\`, `\,` and `\=` as escapes in values.
import { SelectorError } from './selector-error.ts'

export interface FieldRequirement {
  readonly field: string
  readonly op: '=' | '!='
  readonly value: string
}

function splitTerms(text: string): string[] {
  const terms: string[] = []
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i += 1
    else if (text[i] === ',') {
      terms.push(text.slice(start, i))
      start = i + 1
    }
  }
  terms.push(text.slice(start))
  return terms.filter(term => term !== '')
}

function splitTerm(term: string): [field: string, op: '=' | '!=', raw: string] | undefined {
  for (let i = 0; i < term.length; i++) {
    const rest = term.slice(i, i + 2)
    if (rest === '!=') return [term.slice(0, i), '!=', term.slice(i + 2)]
    if (rest === '==') return [term.slice(0, i), '=', term.slice(i + 2)]
    if (term[i] === '=') return [term.slice(0, i), '=', term.slice(i + 1)]
  }
  return undefined
}

function unescapeValue(raw: string): string {
  let value = ''
  for (let i = 0; i < raw.length; i++) {
    const char = raw.charAt(i)
    if (char === '\\') {
      i += 1
      const escaped = raw.charAt(i)
      if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${escaped}`)
      }
      value += escaped
    } else if (char === '=' || char === ',') {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${char}`)
    } else value += char
  }
  return value
}

/** @throws SelectorError in upstream's words. Which fields a kind knows is the API server's affair. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  return splitTerms(text).map(term => {
    const parts = splitTerm(term)
    if (!parts) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`)
    const [field, op, raw] = parts
    return { field, op, value: unescapeValue(raw) }
  })
}

export const escapeFieldValue = (value: string): string => value.replace(/[\\,=]/g, '\\$&')

export const formatFieldSelector = (requirements: readonly FieldRequirement[]): string =>
  requirements.map(({ field, op, value }) => `${field}${op}${escapeFieldValue(value)}`).join(',')
