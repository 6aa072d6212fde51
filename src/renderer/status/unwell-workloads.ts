// Workloads of all kinds that are not well, the worst first. Pure.
import { DaemonSet, Deployment, StatefulSet } from '../../shared/api/apps/v1.ts'
import { Job } from '../../shared/api/batch/v1.ts'
import type { KubeObject } from '../../shared/machinery/object.ts'
import type { ResourceType } from '../../shared/machinery/resource-type.ts'
import { type WorstPods, withPods } from './pods-below.ts'
import { type StatusView, type Tone, toneOrder } from './tone.ts'
import { daemonSetStatus, deploymentStatus, jobStatus, statefulSetStatus } from './workload-status.ts'

export interface Unwell {
  readonly type: ResourceType<KubeObject>
  readonly object: KubeObject
  readonly status: StatusView
  /** What its own status says, where its pods say worse. */
  readonly rollout: string | undefined
}

interface Judged {
  readonly type: ResourceType<KubeObject>
  readonly objects: readonly KubeObject[]
}

const judges = new Map<string, (object: KubeObject) => StatusView>()
function judge<T extends KubeObject>(type: ResourceType<T>, status: (object: T) => StatusView) {
  judges.set(type.kind, status as unknown as (object: KubeObject) => StatusView)
}
judge(Deployment, deploymentStatus)
judge(StatefulSet, statefulSetStatus)
judge(DaemonSet, daemonSetStatus)
judge(Job, jobStatus)

export const JUDGED = [Deployment, StatefulSet, DaemonSet, Job] as const

const WELL = new Set<Tone>(['healthy', 'suspended'])

export function unwellWorkloads(lists: readonly Judged[], worst: WorstPods): Unwell[] {
  return (
    lists
      .flatMap(({ type, objects }) =>
        objects.map(object => {
          const own = judges.get(type.kind)?.(object)
          const status = own && withPods(own, worst.below(type, object))
          return { type, object, status, rollout: status === own ? undefined : own?.reason }
        }),
      )
      .filter((each): each is Unwell => each.status !== undefined && !WELL.has(each.status.tone))
      // A job that runs does what it should.
      .filter(({ type, status }) => type.kind !== 'Job' || status.tone !== 'progressing')
      .sort((a, b) => toneOrder.indexOf(a.status.tone) - toneOrder.indexOf(b.status.tone))
  )
}
