// Cuts a big JSON value into parts that each cost little to receive, and puts them together again.
//
// Receiving a message materialises all of it in one turn of the event loop. A value of a million nodes therefore
// travels as a sequence of parts, each of at most `limit` nodes:
//   { path: ['spec'], value: {} }  { path: ['spec','items'], value: [] }  { path: ['spec','items', 0], value: … } …
// Self-contained like scanJson.

export interface ValuePart {
  readonly path: readonly (string | number)[]
  /** Stands at `path`; or, with `entries`, what is added to the container there. */
  readonly value?: unknown
  readonly entries?: readonly (readonly [key: string | number, value: unknown])[]
}

export function splitValue(root: unknown, limit: number): ValuePart[] {
  const sizes = new Map<object, number>()
  const measure = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 1
    let size = 1
    for (const inner of Object.values(value)) size += measure(inner)
    // Small containers travel whole; remembering only the big ones keeps this table small.
    if (size > limit) sizes.set(value, size)
    return size
  }
  const parts: ValuePart[] = []
  const emit = (value: unknown, path: (string | number)[]): void => {
    if (typeof value !== 'object' || value === null || !sizes.has(value)) {
      parts.push({ path, value })
      return
    }
    const isList = Array.isArray(value)
    parts.push({ path, value: isList ? [] : {} })
    let entries: [string | number, unknown][] = []
    let weight = 0
    const flush = () => {
      if (entries.length) parts.push({ path, entries })
      entries = []
      weight = 0
    }
    for (const [key, inner] of Object.entries(value)) {
      const step = isList ? Number(key) : key
      if (typeof inner === 'object' && inner !== null && sizes.has(inner)) {
        flush()
        emit(inner, [...path, step])
        continue
      }
      const size = measure(inner)
      if (weight + size > limit) flush()
      entries.push([step, inner])
      weight += size
    }
    flush()
  }
  measure(root)
  emit(root, [])
  return parts
}

/** Puts parts together in the order in which they were made. */
export class ValueAssembler {
  #root: unknown
  add(part: ValuePart): void {
    if (part.entries) {
      const container = this.#at(part.path)
      for (const [key, value] of part.entries) define(container, key, value)
    } else if (part.path.length === 0) this.#root = part.value
    else define(this.#at(part.path.slice(0, -1)), part.path.at(-1) ?? '', part.value)
  }
  get value(): unknown {
    return this.#root
  }
  #at(path: readonly (string | number)[]): object {
    let value = this.#root
    for (const step of path) value = Object.getOwnPropertyDescriptor(value, step)?.value as unknown
    return value as object
  }
}

function define(container: object, key: string | number, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true })
  else (container as Record<string | number, unknown>)[key] = value
}
