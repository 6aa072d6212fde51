// In which order pods end when the machine shuts down, and how long each group may take.
// @see https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/#pod-priority-graceful-node-shutdown
import { SYSTEM_CRITICAL } from '../../../shared/machinery/priority.ts'
import { countable } from '../../../shared/machinery/seconds.ts'
import type { Pod } from '../../../shared/api/core/v1.ts'

export interface GracePeriod {
  /** For pods of this priority and above, up to that of the next. */
  readonly priority: number
  readonly seconds: number
}

export interface ShutdownPhase {
  readonly seconds: number
  readonly pods: readonly Pod[]
}

/** Critical pods end last, within the last part of the whole. */
export const gracePeriods = (allSeconds: number, criticalSeconds: number): GracePeriod[] => [
  { priority: 0, seconds: Math.max(0, allSeconds - criticalSeconds) },
  { priority: SYSTEM_CRITICAL, seconds: criticalSeconds },
]

export const totalSeconds = (periods: readonly GracePeriod[]): number =>
  periods.reduce((sum, { seconds }) => sum + seconds, 0)

/** @returns groups that have pods, the lowest priority first */
export function shutdownPhases(periods: readonly GracePeriod[], pods: readonly Pod[]): ShutdownPhase[] {
  const ascending = periods.toSorted((a, b) => a.priority - b.priority)
  const groupOf = ({ spec }: Pod): number =>
    Math.max(
      0,
      ascending.findLastIndex(({ priority }) => priority <= (spec.priority ?? 0)),
    )
  return ascending
    .map(({ seconds }, index) => ({ seconds, pods: pods.filter(pod => groupOf(pod) === index) }))
    .filter(phase => phase.pods.length > 0)
}

/** Of one pod: its own grace period, but no more than its group has. */
export const graceSecondsOf = ({ spec }: Pod, phaseSeconds: number): number =>
  Math.min(countable(spec.terminationGracePeriodSeconds ?? phaseSeconds), phaseSeconds)
