// What `matchLabelKeys` and `mismatchLabelKeys` of affinity terms and spread constraints mean for one pod.
import type { LabelSelector } from '../api/meta/v1.ts'
import { type Labels, labelOf } from './selectors.ts'

/**
 * @param labels the pod's
 * @param match keys by which the selector means pods with the same value alone
 * @param mismatch keys by which it means others than those
 */
export function narrowed(
  selector: LabelSelector | undefined,
  labels: Labels,
  match: readonly string[] = [],
  mismatch: readonly string[] = [],
): LabelSelector | undefined {
  const expressions = (keys: readonly string[], operator: string) =>
    keys.flatMap(key => {
      const value = labelOf(labels, key)
      return value === undefined ? [] : [{ key, operator, values: [value] }]
    })
  const added = [...expressions(match, 'In'), ...expressions(mismatch, 'NotIn')]
  if (!selector || added.length === 0) return selector
  return { ...selector, matchExpressions: [...(selector.matchExpressions ?? []), ...added] }
}

/** @returns those of the keys that the selector says nothing of: the others were written into it when the pod was made */
export function unwritten(selector: LabelSelector | undefined, keys: readonly string[] = []): readonly string[] {
  if (keys.length === 0 || !selector?.matchExpressions) return keys
  const written = new Set(selector.matchExpressions.map(({ key }) => key))
  return keys.filter(key => !written.has(key))
}
