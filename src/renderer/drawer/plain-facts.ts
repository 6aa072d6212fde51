// What there is to tell of a kind that nothing is known of, such as a custom resource: its fields, by their own names,
// as far as they can be told in a line. The rest is in its YAML.
import { isObject, isScalar } from '../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { formatDateTime, t } from '../i18n/i18n.ts'
import { type Fact, lines } from './fact.ts'

/** As the API writes times: told as the user's country does. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/
/** Keys, certificates and programs: who wants all of them finds them in the YAML. */
const MOST_CHARACTERS = 240
const cut = (text: string) => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text)
function scalarText(value: unknown): string {
  const text = String(value)
  return TIME.test(text) ? formatDateTime(text) : cut(text)
}

/** All that a value holds, in a line: `port: 80, hosts: [a, b]`. */
function lineText(value: unknown): string {
  if (value === null || isScalar(value)) return scalarText(value)
  if (Array.isArray(value)) return `[${value.map(lineText).join(', ')}]`
  const inner = (each: unknown) => (isObject(each) ? `{${lineText(each)}}` : lineText(each))
  return Object.entries(value as object)
    .map(([name, each]) => `${name}: ${inner(each)}`)
    .join(', ')
}

const MOST_FACTS = 40
const MOST_LINES = 12
const DEEPEST = 4

function listText(items: readonly unknown[]): string {
  const shown = items.slice(0, MOST_LINES)
  const more = items.length > shown.length ? t('and {n} more', { n: items.length - shown.length }) : undefined
  if (shown.every(isScalar)) return lines([...shown.map(scalarText), more])
  // Most lists of objects have something in each by which it is called.
  const names = shown.map(item => (item as { name?: unknown } | null)?.name)
  return lines([...(names.every(isScalar) ? names.map(String) : shown.map(item => cut(lineText(item)))), more])
}

function* factsOf(value: unknown, path: readonly string[]): Generator<Fact> {
  if (value === null || value === undefined) return
  if (isScalar(value)) yield [path.join('.'), scalarText(value)]
  else if (Array.isArray(value)) {
    if (value.length) yield [path.join('.'), listText(value)]
  } else if (path.length >= DEEPEST) yield [path.join('.'), cut(lineText(value))]
  else for (const [name, inner] of Object.entries(value)) yield* factsOf(inner, [...path, name])
}

/** Conditions have a place of their own. The spec is what the object is about: its fields need no prefix. */
export function plainFacts(object: AnyObject): readonly Fact[] {
  const { apiVersion: _a, kind: _k, metadata: _m, spec, status, ...rest } = object as unknown as Record<string, unknown>
  const { conditions: _c, ...state } = (status ?? {}) as Record<string, unknown>
  return [...factsOf(spec, []), ...factsOf(rest, []), ...factsOf(state, ['status'])].slice(0, MOST_FACTS)
}
