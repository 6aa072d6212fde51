// States of what steers workloads: autoscalers, disruption budgets, network policies.
import type { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import type { NetworkPolicy } from '../../shared/api/networking/v1.ts'
import type { PodDisruptionBudget } from '../../shared/api/policy/v1.ts'
import { conditionOf } from '../../shared/machinery/conditions.ts'
import { directionsOf, rulesOf } from '../../shared/machinery/network-policy/policy-rules.ts'
import { type StatusView, view } from './tone.ts'
import { t } from '../i18n/i18n.ts'

export function autoscalerStatus({ metadata, spec, status }: HorizontalPodAutoscaler): StatusView {
  if (metadata.deletionTimestamp) return view('progressing', 'Terminating')
  const [able, active, limited] = ['AbleToScale', 'ScalingActive', 'ScalingLimited'].map(type =>
    conditionOf(status.conditions, type),
  )
  if (active?.reason === 'ScalingDisabled') return view('suspended', 'Scaled to 0', active.message)
  const bad = [able, active].find(condition => condition?.status === 'False')
  if (bad) return view('warning', bad.reason || 'Degraded', bad.message)
  if (!active) return view('progressing', 'Starting')
  if (limited?.status === 'True' && limited.reason === 'TooManyReplicas')
    return view('warning', 'At its limit', limited.message)
  const { minReplicas = 1, maxReplicas } = spec
  const n = status.currentReplicas ?? 0
  return view(
    'healthy',
    'Active',
    t('{n} replica, between {least} and {most} | {n} replicas, between {least} and {most}', {
      n,
      least: minReplicas,
      most: maxReplicas,
    }),
  )
}

export function budgetStatus({ metadata, status }: PodDisruptionBudget): StatusView {
  if (metadata.deletionTimestamp) return view('progressing', 'Terminating')
  const allowed = conditionOf(status?.conditions, 'DisruptionAllowed')
  if (!status || !allowed) return view('progressing', 'Starting')
  if (allowed.reason === 'SyncFailed') return view('warning', 'SyncFailed', allowed.message)
  const { expectedPods, currentHealthy = 0, desiredHealthy = 0, disruptionsAllowed = 0 } = status
  if (expectedPods === 0) return view('neutral', 'No pods')
  if (currentHealthy < desiredHealthy)
    return view(
      'warning',
      'Too few',
      t('{healthy} of {wanted} pods are healthy.', { healthy: currentHealthy, wanted: desiredHealthy }),
    )
  return disruptionsAllowed > 0
    ? view(
        'healthy',
        'Evictions allowed',
        t('{n} pod may be evicted now. | {n} pods may be evicted now.', { n: disruptionsAllowed }),
      )
    : view('neutral', 'No evictions', t('No pod may be evicted now: a drain waits.'))
}

/** What it closes is no trouble: it is told, and by what it says in each direction. */
export function policyStatus(policy: NetworkPolicy): StatusView {
  const told = directionsOf(policy).map(direction => {
    const { length } = rulesOf(policy, direction)
    return length
      ? t('{direction}: {n} rule | {direction}: {n} rules', { direction, n: length })
      : t('{direction} closed', { direction })
  })
  return view('neutral', told.join(', '), t('It allows what its rules say, and nothing else, in these directions.'))
}
