// The part of JSONPath that definitions use: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`,
// `.spec.items[0]['a.b']`, `.metadata.annotations.example\.com/key`, `[*]`, `[0:2]`,
// `[]` (the first item), `[?(@ == "a")]`.
import { getField, isObject } from '../../../shared/machinery/json-object.ts'

type Step = (value: unknown) => unknown[]

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
  (from: number, to: number | undefined): Step =>
  value =>
    Array.isArray(value) ? value.slice(from, to) : []
const where =
  (path: string, equal: boolean, wanted: string): Step =>
  value => {
    const read = compileJsonPath(path)
    return Array.isArray(value)
      ? value.filter(item => read?.(item).some(found => String(found) === wanted) === equal)
      : []
  }

const TOKENS: readonly (readonly [RegExp, (match: RegExpExecArray) => Step])[] = [
  [/^\.\*/, () => every],
  [/^\.((?:\\.|[^.[\]\\])+)/, ([, name = '']) => field(name.replace(/\\(.)/g, '$1'))],
  [/^\[\*\]/, () => every],
  [/^\[(-?\d{1,9})\]/, ([, at]) => index(Number(at))],
  [/^\[\]/, () => index(0)],
  [/^\[(-?\d{0,9}):(-?\d{0,9})\]/, ([, from, to]) => slice(Number(from), to ? Number(to) : undefined)],
  [/^\['([^']*)'\]/, ([, name = '']) => field(name)],
  [/^\["([^"]*)"\]/, ([, name = '']) => field(name)],
  [
    /^\[\?\(\s*@(\.[^=!<>\s]+)?\s*(==|!=)\s*(?:"([^"]*)"|'([^']*)'|([^)\s]+))\s*\)\]/,
    ([, path = '', op, a, b, c]) => where(path, op === '==', a ?? b ?? c ?? ''),
  ],
]

/** @returns a reader of all values at the path; undefined for a path that cannot be read */
export function compileJsonPath(path: string): ((value: unknown) => unknown[]) | undefined {
  const steps: Step[] = []
  let rest = path
  while (rest !== '') {
    const found = TOKENS.map(([regex, step]) => [regex.exec(rest), step] as const).find(([match]) => match)
    if (!found?.[0]) return undefined
    steps.push(found[1](found[0]))
    rest = rest.slice(found[0][0].length)
  }
  return value => steps.reduce<unknown[]>((values, step) => values.flatMap(step), [value])
}

/** @returns the names in a path of fields only, as subresources need it: `.spec.replicas`. */
export const fieldsIn = (path: string): string[] => path.split('.').filter(name => name !== '')
