// States of what owns pods: Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob.
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../shared/api/apps/v1.ts'
import type { CronJob, Job } from '../../shared/api/batch/v1.ts'
import type { ReplicationController } from '../../shared/api/core/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { type StatusView, view } from './tone.ts'
import { t } from '../i18n/i18n.ts'

/** A rollout that made no progress for as long as it may take. */
export const STUCK = 'Stuck'

export function deploymentStatus({ metadata, spec, status }: Deployment): StatusView {
  const wanted = spec.replicas ?? 1
  const available = status.availableReplicas ?? 0
  const updated = status.updatedReplicas ?? 0
  const failure = conditionOf(status.conditions, 'ReplicaFailure')
  const progressing = conditionOf(status.conditions, 'Progressing')
  if (metadata.deletionTimestamp) return view('progressing', 'Terminating')
  if (failure?.status === 'True') return view('failed', 'ReplicaFailure', failure.message)
  if (progressing?.reason === 'ProgressDeadlineExceeded') return view('failed', STUCK, progressing.message)
  if (spec.paused) return view('suspended', 'Paused')
  if (wanted === 0 && (status.replicas ?? 0) === 0) return view('suspended', 'Scaled to 0')
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return view('progressing', 'Updating')
  if (updated < wanted)
    return view('progressing', 'Updating', t('{updated} of {wanted} replicas are updated.', { updated, wanted }))
  if ((status.replicas ?? 0) > updated)
    return view(
      'progressing',
      'Updating',
      t('{n} old replica is still going. | {n} old replicas are still going.', { n: (status.replicas ?? 0) - updated }),
    )
  if (available < wanted) {
    const reason = t('{available} of {wanted} replicas are available.', { available, wanted })
    // Once the rollout was complete, what is missing is no progress any more.
    return progressing?.reason === 'NewReplicaSetAvailable'
      ? view('warning', 'Degraded', reason)
      : view('progressing', 'Updating', reason)
  }
  return view('healthy', 'Available')
}

export function replicaSetStatus({ spec, status }: ReplicaSet | ReplicationController): StatusView {
  const wanted = spec.replicas ?? 1
  const ready = status.readyReplicas ?? 0
  const failure = conditionOf(status.conditions, 'ReplicaFailure')
  if (failure?.status === 'True') return view('failed', 'ReplicaFailure', failure.message)
  if (wanted === 0) return view('suspended', 'Scaled to 0')
  return ready >= wanted
    ? view('healthy', 'Ready')
    : view('progressing', 'Progressing', t('{ready} of {wanted} ready.', { ready, wanted }))
}

export function statefulSetStatus({ spec, status }: StatefulSet): StatusView {
  const wanted = spec.replicas ?? 1
  const ready = status.readyReplicas ?? 0
  if (wanted === 0) return view('suspended', 'Scaled to 0')
  return ready >= wanted
    ? view('healthy', 'Ready')
    : view('progressing', 'Progressing', t('{ready} of {wanted} ready.', { ready, wanted }))
}

export function daemonSetStatus({ status }: DaemonSet): StatusView {
  const wanted = status.desiredNumberScheduled
  if (wanted === 0) return view('suspended', 'No nodes')
  return status.numberReady >= wanted
    ? view('healthy', 'Ready')
    : view(
        'progressing',
        'Progressing',
        t('{numberReady} of {wanted} nodes ready.', { numberReady: status.numberReady, wanted }),
      )
}

export function jobStatus({ spec, status }: Job): StatusView {
  const failed = conditionOf(status.conditions, 'Failed')
  if (failed?.status === 'True') return view('failed', failed.reason || 'Failed', failed.message)
  if (conditionOf(status.conditions, 'Complete')?.status === 'True') return view('healthy', 'Complete')
  if (spec.suspend) return view('suspended', 'Suspended')
  return view(
    'progressing',
    'Running',
    status.failed ? t('{n} pod failed so far. | {n} pods failed so far.', { n: status.failed }) : undefined,
  )
}

export const cronJobStatus = ({ spec, status }: CronJob): StatusView =>
  spec.suspend
    ? view('suspended', 'Suspended')
    : status.active?.length
      ? view('progressing', 'Active')
      : view('healthy', 'Scheduled')
