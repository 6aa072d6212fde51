// HorizontalPodAutoscalers, autoscaling/v2: the stored form.
import { HorizontalPodAutoscaler } from '../../../../shared/api/autoscaling/v2.ts'
import type { HPAScalingRules } from '../../../../shared/api/autoscaling/v2.ts'
import { hpaColumns } from '../columns/hpa.ts'
import { defineResource } from '../resource.ts'
import { list } from '../support/collections.ts'
import { ensureStructs, statusOnly, statusStrategy } from '../support/strategy.ts'
import { countErrors, validateAutoscaler, validateAutoscalerUpdate } from './validate.ts'

export const HPA_STORAGE = 'autoscaling/horizontalpodautoscalers'
export const DEFAULT_CPU_PERCENT = 80

const scaleUp = (rules: HPAScalingRules | undefined): HPAScalingRules => ({
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
  ...rules,
})

const scaleDown = (rules: HPAScalingRules | undefined): HPAScalingRules => ({
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  ...rules,
})

export function setAutoscalerDefaults(hpa: HorizontalPodAutoscaler): void {
  ensureStructs(hpa, 'spec', 'status')
  hpa.status.desiredReplicas ??= 0
  const { spec } = hpa
  spec.minReplicas ??= 1
  if (list(spec.metrics).length === 0)
    spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT } },
      },
    ]
  if (spec.behavior)
    spec.behavior = { scaleUp: scaleUp(spec.behavior.scaleUp), scaleDown: scaleDown(spec.behavior.scaleDown) }
}

export const horizontalPodAutoscalers = defineResource<HorizontalPodAutoscaler>({
  type: HorizontalPodAutoscaler,
  shortNames: ['hpa'],
  categories: ['all'],
  storage: HPA_STORAGE,
  setDefaults: setAutoscalerDefaults,
  ...statusOnly({ desiredReplicas: 0 }),
  status: statusStrategy<HorizontalPodAutoscaler>(({ status }) => countErrors(status)),
  validate: validateAutoscaler,
  validateUpdate: validateAutoscalerUpdate,
  columns: hpaColumns,
})
