// The taints that a node's conditions call for.
import type { Node, Taint } from '../../../shared/api/core/v1.ts'
import { conditionOf } from '../../../shared/machinery/conditions.ts'

export const NOT_READY = 'node.kubernetes.io/not-ready'
export const UNREACHABLE = 'node.kubernetes.io/unreachable'

/** Condition → status → taint. */
const NO_SCHEDULE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
}
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const OWN_KEYS: ReadonlySet<string> = new Set([
  ...Object.values(NO_SCHEDULE).flatMap(statuses => Object.values(statuses)),
  UNSCHEDULABLE,
])

/** @returns the key of the NoExecute taint, undefined for a node that is ready */
export function noExecuteKey(node: Node): string | undefined {
  const ready = conditionOf(node.status.conditions, 'Ready')?.status
  return ready === 'False' ? NOT_READY : ready === 'Unknown' ? UNREACHABLE : undefined
}

/**
 * @param evict whether a node that is not ready gets its NoExecute taint; `keep` leaves that as it is
 * @returns the taints that the node should have; undefined when it has them
 */
export function wantedTaints(node: Node, evict: boolean | 'keep', now: string): Taint[] | undefined {
  const current = node.spec.taints ?? []
  const schedule = new Set<string>()
  for (const { type, status } of node.status.conditions ?? []) {
    const key = NO_SCHEDULE[type]?.[status]
    if (key) schedule.add(key)
  }
  if (node.spec.unschedulable) schedule.add(UNSCHEDULABLE)
  const execute = noExecuteKey(node)
  const isWanted = ({ key, effect }: Taint): boolean => {
    if (effect === 'NoSchedule' && OWN_KEYS.has(key)) return schedule.has(key)
    if (effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE)) return key === execute && evict !== false
    return true
  }
  const next = current.filter(isWanted)
  const has = (key: string, effect: string) => next.some(taint => taint.key === key && taint.effect === effect)
  for (const key of schedule) if (!has(key, 'NoSchedule')) next.push({ key, effect: 'NoSchedule', timeAdded: now })
  if (execute && !has(execute, 'NoExecute')) {
    // Between not-ready and unreachable the taint is swapped at once: the eviction has begun already.
    const swapped = current.some(
      ({ key, effect }) => effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE),
    )
    if (evict === true || (evict === 'keep' && swapped))
      next.push({ key: execute, effect: 'NoExecute', timeAdded: now })
  }
  const same = next.length === current.length && next.every((taint, i) => taint === current[i])
  return same ? undefined : next
}
