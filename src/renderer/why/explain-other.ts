// Why anything else is not well, out of what all kinds have in common: deletion, conditions, warnings.
import { Namespace } from '../../shared/api/core/v1.ts'
import type { ConditionLike } from '../../shared/machinery/conditions.ts'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import { HorizontalPodAutoscaler } from '../../shared/api/autoscaling/v2.ts'
import { WORKLOADS } from '../world/workloads.ts'
import { type Cause, type Explainer, because, fact } from './cause.ts'
import { warningFact } from './events.ts'
import { t } from '../i18n/i18n.ts'

const describe = ({ type, status, reason, message }: ConditionLike): string =>
  `${t('{type} is {status}', { type, status })}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`
const conditionsOf = (object: AnyObject): readonly ConditionLike[] => {
  const { conditions } = (object.status ?? {}) as { conditions?: unknown }
  return Array.isArray(conditions) ? (conditions as ConditionLike[]) : []
}

export const explainNamespace: Explainer<Namespace> = (namespace, _scene, ref) => {
  if (!namespace.metadata.deletionTimestamp) return undefined
  const stuck = (namespace.status.conditions ?? []).filter(({ status }) => status === 'True')
  return because(
    'namespace-ending',
    ref,
    t('namespace {name} is being deleted and is not empty yet', { name: ref.name }),
    {
      evidence: stuck.map(condition => fact(describe(condition), 'condition')),
    },
  )
}

const HPA_GOOD = new Set(['AbleToScale', 'ScalingActive'])
export const explainAutoscaler: Explainer<HorizontalPodAutoscaler> = (scaler, { world }, ref) => {
  const bad = (scaler.status.conditions ?? []).find(({ type, status }) => HPA_GOOD.has(type) && status === 'False')
  if (!bad) return undefined
  const { kind, name } = scaler.spec.scaleTargetRef
  const type = WORKLOADS.find(workload => workload.kind === kind)
  const target = type && { type, namespace: scaler.metadata.namespace, name }
  return because('autoscaler', ref, t('autoscaler {name} cannot work', { name: ref.name }), {
    evidence: [fact(describe(bad), 'condition')],
    fixes: [
      // What it measures against stands there.
      ...(target && world.find<KubeObject>(target.type, target.namespace, name)
        ? [{ kind: 'edit' as const, title: t('Edit {kind} {name}', { kind, name }), ref: target }]
        : []),
      { kind: 'edit', title: t('Edit the autoscaler'), ref },
    ],
  })
}

const GOOD = /^(Ready|Available|Established|NamesAccepted|Healthy|Synced|Succeeded)$/

export const explainOther: Explainer<AnyObject> = (object, { world }, ref): Cause | undefined => {
  const { deletionTimestamp, finalizers = [] } = object.metadata
  if (deletionTimestamp && finalizers.length)
    return because(
      'finalizers',
      ref,
      t('{kind} {name} is being deleted and waits for {finalizers}', {
        kind: object.kind,
        name: ref.name,
        finalizers: finalizers.join(', '),
      }),
      {
        fixes: [{ kind: 'edit', title: t('Edit the finalizers'), ref }],
      },
    )
  const bad = conditionsOf(object).filter(({ type, status }) => GOOD.test(type) && status === 'False')
  if (bad.length === 0) return undefined
  return because(
    'condition',
    ref,
    t('{kind} {name} is not {type}', { kind: object.kind, name: ref.name, type: bad[0]?.type ?? 'Ready' }),
    {
      evidence: [...bad.map(condition => fact(describe(condition), 'condition')), ...warningFact(world, object)],
    },
  )
}
