// How `kubectl get hpa` shows an autoscaler.
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '../../../../shared/api/autoscaling/v2.ts'
import { list } from '../support/collections.ts'
import type { Column } from '../resource.ts'
import { NONE, UNSET, ageColumn, nameColumn, text } from './common.ts'

const UNKNOWN = '<unknown>'

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
    case 'Object': {
      const target = (spec.type === 'External' ? spec.external : spec.object)?.target
      const current = (spec.type === 'External' ? status?.external : status?.object)?.current
      return target?.averageValue !== undefined
        ? `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`
        : `${current?.value ?? UNKNOWN}/${target?.value ?? ''}`
    }
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? UNKNOWN}/${spec.pods?.target.averageValue ?? ''}`
    case 'Resource':
    case 'ContainerResource': {
      const metric = spec.type === 'Resource' ? spec.resource : spec.containerResource
      const current = (spec.type === 'Resource' ? status?.resource : status?.containerResource)?.current
      const target = metric?.target
      if (target?.averageValue !== undefined)
        return `${metric?.name}: ${current?.averageValue ?? UNKNOWN}/${target.averageValue}`
      const percent = (value: number | undefined, none: string) => (value === undefined ? none : `${value}%`)
      return `${metric?.name ?? ''}: ${percent(current?.averageUtilization, UNKNOWN)}/${percent(target?.averageUtilization, '<auto>')}`
    }
    default:
      return '<unknown type>'
  }
}

/** At most two metrics, then how many more there are. */
function targets(hpa: HorizontalPodAutoscaler): string {
  const texts = list(hpa.spec.metrics).map((spec, index) => metricText(spec, hpa.status.currentMetrics?.[index]))
  if (texts.length === 0) return NONE
  return texts.length > 2 ? `${texts.slice(0, 2).join(', ')} + ${texts.length - 2} more...` : texts.join(', ')
}

export const hpaColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  text('Reference', 'What is scaled.', ({ spec }) => `${spec.scaleTargetRef?.kind}/${spec.scaleTargetRef?.name}`),
  text('Targets', 'Current and wanted values of the metrics.', targets),
  text('MinPods', 'Lower bound.', hpa => String(hpa.spec.minReplicas ?? UNSET)),
  text('MaxPods', 'Upper bound.', hpa => hpa.spec.maxReplicas),
  text('Replicas', 'Replicas now.', hpa => hpa.status.currentReplicas ?? 0),
  ageColumn,
]
