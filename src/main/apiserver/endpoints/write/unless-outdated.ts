// Others may write to the same store: a refusal by what the cache shows counts only when the cache shows the newest.
import { isConflict, isNotFound } from '../../../../shared/machinery/status.ts'
import type { ObjectStore } from '../../../store/contract.ts'

/**
 * @param attempt reads the key from the cache and writes; undefined = start over
 * @returns undefined as well when it was refused for a state that was not the newest
 */
export async function unlessOutdated<T>(
  store: ObjectStore,
  key: string,
  attempt: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const seen = store.get(key)
  try {
    return await attempt()
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
    await store.fresh()
    if (store.get(key) === seen) throw error
    return undefined
  }
}
