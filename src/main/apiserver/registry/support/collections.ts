// Reading optional lists and maps. Absent and empty mean the same throughout the Kubernetes API.

const NOTHING: readonly never[] = Object.freeze([])

export const list = <T>(items: readonly T[] | undefined): readonly T[] => items ?? NOTHING

/** The entries of a map in no particular order; `__proto__` is a key like any other. */
export const entries = <T>(map: Readonly<Record<string, T>> | undefined): [string, T][] =>
  map ? Object.entries(map) : []

/** The entries of a map sorted by key, as Go prints and walks maps where order shows. */
export const sortedEntries = <T>(map: Readonly<Record<string, T>> | undefined): [string, T][] =>
  entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

export const has = (map: Readonly<Record<string, unknown>> | undefined, key: string): boolean =>
  map !== undefined && Object.hasOwn(map, key)

/** An own property or nothing: safe for keys that users choose. */
export const lookup = <T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined =>
  has(map, key) ? map?.[key] : undefined

export const isEmpty = (map: Readonly<Record<string, unknown>> | undefined): boolean =>
  map === undefined || Object.keys(map).length === 0

/** A map without a prototype, so that no key is special. */
export const emptyMap = <T>(): Record<string, T> => Object.create(null) as Record<string, T>
