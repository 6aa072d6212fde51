// On which nodes a DaemonSet's pod belongs.
import type { DaemonSet } from '../../../shared/api/apps/v1.ts'
import type { Node, PodSpec, Taint, Toleration } from '../../../shared/api/core/v1.ts'
import { matchesNodeSelector } from '../../../shared/machinery/node-selector.ts'
import { fromMatchLabels } from '../../../shared/machinery/selectors.ts'
import { tolerates } from '../taint-eviction/tolerations.ts'

const exists = (key: string, effect: string): Toleration => ({ key, operator: 'Exists', effect })

/** A daemon has to run where nothing else may: on nodes in trouble as well. */
export function daemonTolerations({ hostNetwork }: PodSpec): Toleration[] {
  return [
    exists('node.kubernetes.io/not-ready', 'NoExecute'),
    exists('node.kubernetes.io/unreachable', 'NoExecute'),
    exists('node.kubernetes.io/disk-pressure', 'NoSchedule'),
    exists('node.kubernetes.io/memory-pressure', 'NoSchedule'),
    exists('node.kubernetes.io/pid-pressure', 'NoSchedule'),
    exists('node.kubernetes.io/unschedulable', 'NoSchedule'),
    ...(hostNetwork ? [exists('node.kubernetes.io/network-unavailable', 'NoSchedule')] : []),
  ]
}

export interface Eligibility {
  readonly shouldRun: boolean
  /** A pod that is there already may stay: only NoExecute taints drive it away. */
  readonly shouldContinue: boolean
}

export function eligibility({ spec }: DaemonSet, node: Node): Eligibility {
  const pod = spec.template.spec
  const required = pod.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const fits =
    (!pod.nodeName || pod.nodeName === node.metadata.name) &&
    fromMatchLabels(pod.nodeSelector).matches(node.metadata.labels) &&
    (!required || matchesNodeSelector(required, node))
  if (!fits) return { shouldRun: false, shouldContinue: false }
  const tolerations = [...(pod.tolerations ?? []), ...daemonTolerations(pod)]
  const untolerated = (node.spec.taints ?? []).filter(
    (taint: Taint) => taint.effect !== 'PreferNoSchedule' && !tolerations.some(t => tolerates(t, taint)),
  )
  return {
    shouldRun: untolerated.length === 0,
    shouldContinue: !untolerated.some(({ effect }) => effect === 'NoExecute'),
  }
}
