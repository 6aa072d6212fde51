// Go leaves zero values of `omitempty` fields out of JSON; statuses look the same here.

/** @returns the fields that are neither undefined, 0, '' nor an empty list. */
export function nonZero<T extends object>(fields: T): Partial<T> {
  const kept = Object.entries(fields).filter(([, value]) => {
    if (Array.isArray(value)) return value.length > 0
    return value !== undefined && value !== 0 && value !== ''
  })
  return Object.fromEntries(kept) as Partial<T>
}
