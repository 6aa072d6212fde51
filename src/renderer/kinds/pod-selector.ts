// Which pods belong to a workload or stand behind a service.
import type { LabelSelector } from '../../shared/api/meta/v1.ts'
import type { AnyObject } from '../../shared/machinery/object.ts'
import { fromLabelSelector } from '../../shared/machinery/selectors.ts'

/** Their selectors are labels alone. */
const PLAIN = new Set(['Service', 'ReplicationController'])

/** @returns as `labelSelector` of a list; undefined when the object selects no pods */
export function podSelectorOf({ kind = '', spec }: AnyObject): string | undefined {
  const selector = (spec as { selector?: LabelSelector | Record<string, string> } | undefined)?.selector
  if (!selector) return undefined
  const labels = PLAIN.has(kind) ? { matchLabels: selector as Record<string, string> } : (selector as LabelSelector)
  // An empty one would mean every pod of the namespace.
  return fromLabelSelector(labels).format() || undefined
}
