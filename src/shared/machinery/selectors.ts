// Label and field selectors: parsing with upstream's grammar and messages, matching, and printing.
import type { LabelSelector } from '../api/meta/v1.ts'
import { describeFieldErrors, type FieldError, invalidValue } from './field-error.ts'
import { lexSelector, type Token } from './selector-lexer.ts'
import { labelValue, qualifiedName } from './names.ts'
import { SelectorError } from './selector-error.ts'

export { SelectorError } from './selector-error.ts'
export { parseFieldSelector } from './field-selectors.ts'

export type Labels = Readonly<Record<string, string>> | undefined

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  /** Sorted, without duplicates. */
  readonly values: readonly string[]
}

export interface LabelMatcher {
  readonly requirements: readonly LabelRequirement[]
  /** True when every object matches. */
  readonly everything: boolean
  /** True when no object can match. */
  readonly nothing: boolean
  matches(labels: Labels): boolean
  /** The selector as text, as in a `labelSelector` query parameter. */
  format(): string
}

/** @returns the label's own value: a label called `__proto__` is a label like any other. */
export const labelOf = (labels: Labels, key: string): string | undefined =>
  labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined

const asInteger = (text: string): bigint | undefined => (/^[+-]?\d{1,19}$/.test(text) ? BigInt(text) : undefined)

/** @returns whether one requirement holds. */
export function requirementMatches(requirement: LabelRequirement, labels: Labels): boolean {
  const value = labelOf(labels, requirement.key)
  switch (requirement.operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && requirement.values.includes(value)
    case 'notin':
    case '!=':
      return value === undefined || !requirement.values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
    case 'lt': {
      const left = value === undefined ? undefined : asInteger(value)
      const right = asInteger(requirement.values[0] ?? '')
      if (left === undefined || right === undefined) return false
      return requirement.operator === 'gt' ? left > right : left < right
    }
  }
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    case 'gt':
      return `${key}>${values.join('')}`
    case 'lt':
      return `${key}<${values.join('')}`
    default:
      return `${key}${operator}${values.join('')}`
  }
}

function matcherOf(given: readonly LabelRequirement[]): LabelMatcher {
  const requirements = [...given].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return {
    requirements,
    everything: requirements.length === 0,
    nothing: false,
    matches: labels => requirements.every(requirement => requirementMatches(requirement, labels)),
    format: () => requirements.map(formatRequirement).join(','),
  }
}

export const nothing: LabelMatcher = {
  requirements: [],
  everything: false,
  nothing: true,
  matches: () => false,
  format: () => '',
}

function requirement(key: string, operator: LabelOperator, given: readonly string[]): LabelRequirement {
  const values = [...new Set(given)].sort()
  const errors: FieldError[] = []
  const keyErrors = qualifiedName(key)
  if (keyErrors.length) errors.push(invalidValue('key', key, keyErrors.join('; ')))
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    errors.push(invalidValue('values', [], "for 'in', 'notin' operators, values set can't be empty"))
  }
  if (operator === 'gt' || operator === 'lt') {
    values.forEach((value, i) => {
      if (asInteger(value) !== undefined) return
      errors.push(invalidValue(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer"))
    })
  }
  values.forEach((value, i) => {
    const messages = labelValue(value)
    if (messages.length) errors.push(invalidValue(`values[${i}][${key}]`, value, messages.join('; ')))
  })
  if (errors.length) throw new SelectorError(describeFieldErrors(errors))
  return { key, operator, values }
}

/** Recursive descent over the tokens; operators that stand where a word may stand are words. */
class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  constructor(text: string) {
    this.#tokens = lexSelector(text)
  }
  /** `in` and `notin` are words unless an operator is expected here. */
  peek(): Token {
    const token = this.#tokens[this.#next] ?? { kind: 'end', text: '' }
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'word', text: token.text } : token
  }
  take(): Token {
    const token = this.peek()
    this.#next += 1
    return token
  }
  takeOperator(): Token {
    const token = this.#tokens[this.#next] ?? { kind: 'end', text: '' }
    this.#next += 1
    return token
  }
}

function parseRequirement(parser: Parser): LabelRequirement {
  let token = parser.take()
  const negated = token.kind === '!'
  if (negated) token = parser.take()
  if (token.kind !== 'word') throw new SelectorError(`found '${token.text}', expected: identifier`)
  const key = token.text
  const keyErrors = qualifiedName(key)
  if (keyErrors.length) throw new SelectorError(`<nil>: Invalid value: "${key}": ${keyErrors.join('; ')}`)
  if (negated) return requirement(key, '!', [])
  const following = parser.peek().kind
  if (following === 'end' || following === ',') return requirement(key, 'exists', [])
  const operator = parser.takeOperator()
  switch (operator.kind) {
    case 'in':
    case 'notin':
      return requirement(key, operator.kind, parseValues(parser))
    case '=':
    case '==':
    case '!=':
      return requirement(key, operator.kind, [parseExactValue(parser)])
    case '>':
      return requirement(key, 'gt', [parseExactValue(parser)])
    case '<':
      return requirement(key, 'lt', [parseExactValue(parser)])
    default:
      throw new SelectorError(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

function parseExactValue(parser: Parser): string {
  const { kind } = parser.peek()
  if (kind === 'end' || kind === ',') return ''
  const token = parser.take()
  if (token.kind !== 'word') throw new SelectorError(`found '${token.text}', expected: identifier`)
  return token.text
}

function parseValues(parser: Parser): string[] {
  const open = parser.take()
  if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`)
  const values: string[] = []
  const first = parser.peek()
  if (first.kind !== 'word' && first.kind !== ',' && first.kind !== ')') {
    throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`)
  }
  // An empty place between commas or before the parenthesis is the empty value.
  for (;;) {
    const value = parser.peek().kind === 'word' ? parser.take().text : ''
    values.push(value)
    const token = parser.take()
    if (token.kind === ')') return values
    if (token.kind === ',') continue
    throw new SelectorError(
      value === ''
        ? `found '${token.text}', expected: ',', or identifier`
        : `found '${token.text}', expected: ',' or ')'`,
    )
  }
}

/**
 * @param text such as `app=web,tier in (a,b),!legacy`; empty matches everything
 * @throws SelectorError in upstream's words
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 */
export function parseLabelSelector(text: string): LabelMatcher {
  const parser = new Parser(text)
  const requirements: LabelRequirement[] = []
  for (;;) {
    const token = parser.peek()
    if (token.kind === 'end') return matcherOf(requirements)
    if (token.kind !== 'word' && token.kind !== '!') {
      throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`)
    }
    try {
      requirements.push(parseRequirement(parser))
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`)
      throw error
    }
    const separator = parser.take()
    if (separator.kind === 'end') return matcherOf(requirements)
    if (separator.kind !== ',') throw new SelectorError(`found '${separator.text}', expected: ',' or 'end of string'`)
    const next = parser.peek()
    if (next.kind !== 'word' && next.kind !== '!') {
      throw new SelectorError(`found '${next.text}', expected: identifier after ','`)
    }
  }
}

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

/**
 * The selector inside objects: nothing given matches nothing, an empty selector matches everything.
 * @throws SelectorError for a selector that validation would refuse
 */
export function fromLabelSelector(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return nothing
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, '=', [value]))
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
    if (!known) throw new SelectorError(`"${operator}" is not a valid label selector operator`)
    return requirement(key, known, values ?? [])
  })
  return matcherOf([...exact, ...expressions])
}

/** A selector of exact values, as Services have; an empty or absent map matches everything. */
export const fromMatchLabels = (labels: Labels): LabelMatcher =>
  matcherOf(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })))
