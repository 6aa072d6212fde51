// The part of JSONPath that definitions use, as the library that upstream uses reads it: `.spec.replicas`, `.a.b\.c`,
// `['a\.b']`, `[0]`, `[]` (the first item), `[*]`, `[0:2]`, `[::2]`, `[0,2]`, `..name`, and filters:
// `.status.conditions[?(@.type=="Ready")].status`, `[?(@.count>=2)]`, `[?(@.name)]`.
import { getField, isObject } from '../../../shared/machinery/json-object.ts'

type Step = (value: unknown) => unknown[]
type Scalar = string | number | bigint | boolean

/** Of what cannot be told, nothing of the whole path is. */
class Incomparable extends Error {}

const field =
  (name: string): Step =>
  value => {
    const found = isObject(value) ? getField(value, name) : undefined
    return found === undefined ? [] : [found]
  }
const every: Step = value => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [])
const index =
  (at: number): Step =>
  value =>
    Array.isArray(value) && value.at(at) !== undefined ? [value.at(at)] : []
const slice =
  (from: number, to: number | undefined, step: number): Step =>
  value =>
    Array.isArray(value) ? value.slice(from, to).filter((_, i) => i % step === 0) : []
const union =
  (steps: readonly Step[]): Step =>
  value =>
    steps.flatMap(step => step(value))

/** All values that hold others, the outermost first. */
const holders: Step = value => {
  const inner = Array.isArray(value)
    ? value
    : isObject(value)
      ? Object.keys(value).sort().map(key => value[key]) // prettier-ignore
      : []
  return inner.length > 0 ? [value, ...inner.flatMap(holders)] : []
}

const COMPARISONS: Readonly<Record<string, (a: Scalar, b: Scalar) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

const kindOf = (value: unknown): string => (typeof value === 'bigint' ? 'number' : typeof value)

/** @param text in quotes, a number, or true or false */
function literalOf(text: string): Scalar {
  const quoted = /^(["'])(.*)\1$/s.exec(text)
  if (quoted) return quoted[2] ?? ''
  return text === 'true' || text === 'false' ? text === 'true' : Number(text)
}

/** Items that have no such value are left out, whatever is asked of it. */
function where(path: string, comparison: string | undefined, literal: string): Step | undefined {
  const read = stepsOf(path)
  const wanted = literalOf(literal)
  const hasNoOrder = typeof wanted === 'boolean' && comparison !== '==' && comparison !== '!='
  const holds = (item: unknown) => {
    const found = read ? run(read, item) : []
    if (comparison === undefined || found.length === 0) return found.length > 0
    if (found.length > 1 || kindOf(found[0]) !== kindOf(wanted) || hasNoOrder) throw new Incomparable()
    return COMPARISONS[comparison]?.(found[0] as Scalar, wanted)
  }
  return read && (value => (Array.isArray(value) ? value.filter(holds) : []))
}

const NUMBER = '-?\\d{1,9}'
const TOKENS: readonly (readonly [RegExp, (match: RegExpExecArray) => Step | undefined])[] = [
  [/^\.(?:\.(?=\[)|(?=\.[^*]))/, () => holders],
  [/^\.\*/, () => every],
  [/^\.((?:\\.|[^.[\]\\\s])+)/, ([, name = '']) => field(name.replace(/\\(.)/g, '$1'))],
  [/^\[\*\]/, () => every],
  [/^\[(-?\d{1,9})\]/, ([, at]) => index(Number(at))],
  [/^\[\]/, () => index(0)],
  [
    /^\[(-?\d{0,9}):(-?\d{0,9})(?::(\d{0,9}))?\]/,
    ([, from, to, step]) => slice(Number(from), to ? Number(to) : undefined, Number(step || 1)),
  ],
  // What is quoted is read as what follows a point is: points in it part names, unless there is a backslash before them.
  [/^\['([^']*)'\]/, ([, name = '']) => whole(stepsOf(`.${name}`))],
  [/^\["([^"]*)"\]/, ([, name = '']) => field(name)],
  [
    new RegExp(`^\\[((?:${NUMBER}|'[^']*')(?:, *(?:${NUMBER}|'[^']*'))+)\\]`),
    ([, parts = '']) => {
      const steps = (parts.match(/'[^']*'|-?\d+/g) ?? []).map(part => whole(stepsOf(`[${part}]`)))
      return steps.every(step => step !== undefined) ? union(steps) : undefined
    },
  ],
  [
    /^\[\?\(\s*@((?:[.[][^=!<>\s)]+)?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|-?\d+(?:\.\d+)?|true|false)\s*)?\)\]/,
    ([, path = '', comparison, literal = '']) => where(path, comparison, literal),
  ],
]

const run = (steps: readonly Step[], value: unknown): unknown[] =>
  steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value])

const whole = (steps: readonly Step[] | undefined): Step | undefined => steps && (value => run(steps, value))

function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = []
  let rest = path
  while (rest !== '') {
    const found = TOKENS.map(([regex, step]) => [regex.exec(rest), step] as const).find(([match]) => match)
    const step = found?.[0] && found[1](found[0])
    if (!found?.[0] || !step) return undefined
    steps.push(step)
    rest = rest.slice(found[0][0].length)
  }
  return steps
}

/** @returns a reader of all values at the path; undefined for a path that cannot be read */
export function compileJsonPath(path: string): ((value: unknown) => unknown[]) | undefined {
  const steps = stepsOf(path)
  if (!steps) return undefined
  return value => {
    try {
      return run(steps, value)
    } catch (error) {
      if (!(error instanceof Incomparable)) throw error
      return []
    }
  }
}

/** @returns the names in a path of fields only, as subresources need it: `.spec.replicas`. */
export const fieldsIn = (path: string): string[] => path.split('.').filter(name => name !== '')
