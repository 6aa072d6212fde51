// Sets of fields, as managedFields keep them: a trie whose steps are the keys of FieldsV1.
//
//   spec.replicas and the container named "a" with its image are
//   { f:spec: { f:replicas: {}, f:template: { f:spec: { f:containers: { k:{"name":"a"}: { .: {}, f:image: {} } } } } } }
//
// A step is `f:<field or map key>`, `k:<JSON of a list item's keys>` or `v:<JSON of a set's value>`. A node without
// children is always a member; one with children is a member when it carries the key `.`.
import { isObject, type JsonObject, setField } from '../../../../shared/machinery/json-object.ts'
import { encodeJson, parseJson } from '../../../../shared/machinery/json-text.ts'

/** Deeper trees are nobody's. */
export const MOST_NESTED = 128

export interface FieldSet {
  readonly member: boolean
  readonly children: ReadonlyMap<string, FieldSet>
}

export const EMPTY: FieldSet = { member: false, children: new Map() }
export const MEMBER: FieldSet = { member: true, children: new Map() }

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0

/** How two sets become one, node by node. */
export interface Combination {
  readonly member: (a: boolean, b: boolean) => boolean
  /** Whether what only the one has is kept. */
  readonly onlyA: boolean
  readonly onlyB: boolean
}
export const UNION: Combination = { member: (a, b) => a || b, onlyA: true, onlyB: true }
export const DIFFERENCE: Combination = { member: (a, b) => a && !b, onlyA: true, onlyB: false }
const INTERSECTION: Combination = { member: (a, b) => a && b, onlyA: false, onlyB: false }

/** @returns what becomes of two that are the same, or of which one is empty; undefined of others */
export function combinedAtOnce({ onlyA, onlyB }: Combination, a: FieldSet, b: FieldSet): FieldSet | undefined {
  // As most fields are: the one set of a member alone.
  if (a === b) return onlyA === onlyB ? a : EMPTY
  if (isEmpty(b)) return onlyA ? a : EMPTY
  if (isEmpty(a)) return onlyB ? b : EMPTY
  return undefined
}

export function combine(how: Combination, a: FieldSet, b: FieldSet): FieldSet {
  const whole = combinedAtOnce(how, a, b)
  if (whole) return whole
  const children = new Map<string, FieldSet>()
  for (const [step, inA] of a.children) {
    const inB = b.children.get(step)
    const child = inB ? combine(how, inA, inB) : how.onlyA ? inA : EMPTY
    if (!isEmpty(child)) children.set(step, child)
  }
  if (how.onlyB) for (const [step, inB] of b.children) if (!a.children.has(step)) children.set(step, inB)
  return { member: how.member(a.member, b.member), children }
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(UNION, a, b)
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(DIFFERENCE, a, b)

export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(INTERSECTION, a, b)

/** @returns whether some field is in both. */
export function overlaps(a: FieldSet, b: FieldSet): boolean {
  if (a.member && b.member) return true
  const [few, many] = a.children.size <= b.children.size ? [a, b] : [b, a]
  for (const [step, inFew] of few.children) {
    const inMany = many.children.get(step)
    if (inMany && overlaps(inFew, inMany)) return true
  }
  return false
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  if (a.member !== b.member || a.children.size !== b.children.size) return false
  for (const [step, child] of a.children) {
    const other = b.children.get(step)
    if (!other || !sameSet(child, other)) return false
  }
  return true
}

/** @returns every member as its steps from the root. */
export function* members(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  if (set.member && prefix.length) yield prefix
  for (const [step, child] of set.children) yield* members(child, [...prefix, step])
}

/** @returns the set of these paths, each member and nothing below it. */
export function setOf(paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((inner, step) => ({ member: false, children: new Map([[step, inner]]) }), MEMBER),
      ),
    EMPTY,
  )
}

/** @returns the set as `fieldsV1`. */
export function encodeFields(set: FieldSet): JsonObject {
  const result: JsonObject = {}
  if (set.member && set.children.size) result['.'] = {}
  const steps = [...set.children.keys()]
  if (steps.length > 1) steps.sort()
  for (const step of steps) {
    const child = set.children.get(step)
    if (child) setField(result, step, child.children.size === 0 ? {} : encodeFields(child))
  }
  return result
}

/** @returns the set that `fieldsV1` holds, or undefined when it holds none. */
export function decodeFields(value: unknown, depth = 0): FieldSet | undefined {
  if (!isObject(value) || depth > MOST_NESTED) return undefined
  const children = new Map<string, FieldSet>()
  return decodeSteps(children, value, Object.keys(value), depth) ? decoded(children, value, depth) : undefined
}

/** @returns false when one of them is no field's */
export function decodeSteps(
  children: Map<string, FieldSet>,
  value: JsonObject,
  steps: readonly string[],
  depth: number,
): boolean {
  for (const step of steps) {
    if (step === '.') continue
    const child = isStep(step) ? decodeFields(value[step], depth + 1) : undefined
    if (!child) return false
    children.set(step, child)
  }
  return true
}

export const isStep = (step: string): boolean => /^[fkvi]:/.test(step)

export const decoded = (children: ReadonlyMap<string, FieldSet>, value: JsonObject, depth: number): FieldSet => ({
  member: depth > 0 && (children.size === 0 || Object.hasOwn(value, '.')),
  children,
})

/** @returns the path as messages show it: `.spec.containers[name="a"].image`, `.metadata.finalizers[="x"]`. */
export function showPath(steps: readonly string[]): string {
  return steps
    .map(step => {
      const text = step.slice(2)
      if (step.startsWith('f:')) return `.${text}`
      if (step.startsWith('v:')) return `[=${encodeJson(parseJson(text))}]`
      const keys = parseJson(text) as Record<string, unknown>
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${encodeJson(value)}`)
        .join(',')}]`
    })
    .join('')
}
