// Which workloads and nodes may be in trouble, told by their own status alone: no pod is watched for it. Pure.
import { DaemonSet, Deployment, StatefulSet } from '../../shared/api/apps/v1.ts'
import { Job } from '../../shared/api/batch/v1.ts'
import { Node } from '../../shared/api/core/v1.ts'
import type { LabelSelector } from '../../shared/api/meta/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { nodeStatus } from '../status/object-status.ts'
import type { StatusView } from '../status/tone.ts'
import { daemonSetStatus, deploymentStatus, jobStatus, statefulSetStatus } from '../status/workload-status.ts'
import type { World } from '../world/world.ts'

export interface Suspect {
  /** One object, however often its state changes. */
  readonly key: string
  readonly type: ResourceType<KubeObject>
  readonly namespace: string | undefined
  readonly name: string
  readonly text: string
  /** Fewer pods are ready than wanted: bad only if one of these pods is, as otherwise it is on its way. */
  readonly podSelector?: LabelSelector | undefined
}

export const WATCHED = [Deployment, StatefulSet, DaemonSet, Job, Node] as const

function suspect(
  type: ResourceType<KubeObject>,
  { metadata }: KubeObject,
  status: StatusView,
  podSelector?: LabelSelector,
): Suspect[] {
  const isBad = status.tone === 'failed' || (type.kind === Node.kind && status.tone === 'unknown')
  const isLate =
    ['progressing', 'warning'].includes(status.tone) && podSelector !== undefined && !metadata.deletionTimestamp
  if (!isBad && !isLate) return []
  return [
    {
      key: `${type.kind}/${metadata.namespace ?? ''}/${metadata.name}`,
      type,
      namespace: metadata.namespace,
      name: metadata.name,
      text: status.reason ? `${status.text}: ${status.reason}` : status.text,
      podSelector: isBad ? undefined : podSelector,
    },
  ]
}

export const suspectsIn = (world: World): Suspect[] => [
  ...world.all(Node).flatMap(each => suspect(Node, each, nodeStatus(each))),
  ...world.all(Deployment).flatMap(each => suspect(Deployment, each, deploymentStatus(each), each.spec.selector)),
  ...world.all(StatefulSet).flatMap(each => suspect(StatefulSet, each, statefulSetStatus(each), each.spec.selector)),
  ...world.all(DaemonSet).flatMap(each => suspect(DaemonSet, each, daemonSetStatus(each), each.spec.selector)),
  ...world.all(Job).flatMap(each => suspect(Job, each, jobStatus(each))),
]
