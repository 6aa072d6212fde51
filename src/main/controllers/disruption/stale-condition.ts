// disruption, its second half: a pod that was announced to be disrupted, and then was not deleted, is announced no more.
import { Pod } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { conditionOf, setCondition } from '../../../shared/machinery/conditions.ts'
import { isPodTerminal } from '../support/pod-state.ts'

const STALE_AFTER_MS = 120_000

/** The kubelet may take any time from the announcement to the deletion; others delete at once. */
const staleAt = (pod: Pod): number | undefined => {
  const condition = conditionOf(pod.status.conditions, 'DisruptionTarget')
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined
  if (pod.metadata.deletionTimestamp || isPodTerminal(pod)) return undefined
  return Date.parse(condition.lastTransitionTime ?? '') + STALE_AFTER_MS
}

export class StaleDisruptionCondition implements Reconciler<Pod> {
  readonly name = 'stale-pod-disruption'
  readonly identity = 'disruption-controller'
  readonly type = Pod
  readonly watches = [own(Pod, ({ object, type }) => type !== 'deleted' && staleAt(object) !== undefined)]

  async reconcile(pod: Pod, { client, clock, signal }: ControllerContext): Promise<Result> {
    const at = staleAt(pod)
    if (at === undefined || Number.isNaN(at)) return done
    if (at > clock.now()) return requeueAfter(at - clock.now())
    const known = conditionOf(pod.status.conditions, 'DisruptionTarget')
    const condition = { ...known, type: 'DisruptionTarget', status: 'False' }
    const moved = { ...condition, lastTransitionTime: formatTime(clock.now()) }
    const conditions = setCondition(pod.status.conditions, moved, moved.lastTransitionTime)
    await client.updateStatus(Pod, { ...pod, status: { ...pod.status, conditions } }, { signal })
    return done
  }
}
