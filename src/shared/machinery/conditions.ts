// Status conditions: one per type, whose transition time moves only when the status changes.

export interface ConditionLike {
  type: string
  status: string
  reason?: string
  message?: string
  lastTransitionTime?: string
  observedGeneration?: number
}

export const conditionOf = <T extends ConditionLike>(
  conditions: readonly T[] | undefined,
  type: string,
): T | undefined => conditions?.find(condition => condition.type === type)

export const isConditionTrue = (conditions: readonly ConditionLike[] | undefined, type: string): boolean =>
  conditionOf(conditions, type)?.status === 'True'

/**
 * Sets one condition, without changing the list given.
 * @param now RFC 3339; becomes `lastTransitionTime` when the condition is new or its status changed
 * @returns the same list when nothing changed
 */
export function setCondition<T extends ConditionLike>(
  conditions: readonly T[] | undefined,
  next: Omit<T, 'lastTransitionTime'> & Partial<Pick<T, 'lastTransitionTime'>>,
  now: string,
): T[] {
  const list = [...(conditions ?? [])]
  const index = list.findIndex(condition => condition.type === next.type)
  const old = list[index]
  const moved = !old || old.status !== next.status
  const since = moved ? (next.lastTransitionTime ?? now) : old.lastTransitionTime
  const merged = { ...old, ...next, lastTransitionTime: since } as unknown as T
  const same =
    old !== undefined &&
    (Object.keys(merged) as (keyof T)[]).every(key => Object.is(merged[key], old[key])) &&
    Object.keys(old).length === Object.keys(merged).length
  if (same) return conditions as T[]
  if (old) list[index] = merged
  else list.push(merged)
  return list
}

/** As `setCondition`, but nothing of the old one stays beside its time: no reason, no message. */
export function putCondition<T extends ConditionLike>(
  conditions: readonly T[] | undefined,
  next: Omit<T, 'lastTransitionTime'>,
  now: string,
): T[] {
  const old = conditionOf(conditions, next.type)
  const since = old?.status === next.status ? old.lastTransitionTime : now
  const replaced = { ...next, lastTransitionTime: since } as unknown as T
  if (!old) return [...(conditions ?? []), replaced]
  return (conditions ?? []).map(condition => (condition === old ? replaced : condition))
}

export const removeCondition = <T extends ConditionLike>(conditions: readonly T[] | undefined, type: string): T[] =>
  (conditions ?? []).filter(condition => condition.type !== type)
