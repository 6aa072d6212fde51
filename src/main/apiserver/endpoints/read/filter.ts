// Filters a long list without holding the event loop longer than one slice.
import { Pacer } from '../../../pieces/pacer.ts'

export interface Filtered<T> {
  readonly items: readonly T[]
  /** Whether another accepted item follows the last one. */
  readonly more: boolean
}

/** @param limit 0 = no limit */
export async function filterInSlices<T>(
  items: readonly T[],
  accepts: (item: T) => boolean,
  limit: number,
): Promise<Filtered<T>> {
  const accepted: T[] = []
  const pacer = new Pacer()
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as T
    if (accepts(item)) {
      if (limit > 0 && accepted.length === limit) return { items: accepted, more: true }
      accepted.push(item)
    }
    if ((index & 127) === 127 && pacer.due) await pacer.pause()
  }
  return { items: accepted, more: false }
}
