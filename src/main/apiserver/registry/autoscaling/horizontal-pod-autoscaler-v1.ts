// HorizontalPodAutoscalers, autoscaling/v1: a view of the v2 objects. What v1 has no field for travels in annotations,
// so that reading and writing back through v1 loses nothing.
import { HorizontalPodAutoscaler as V1 } from '../../../../shared/api/autoscaling/v1.ts'
import type { HorizontalPodAutoscaler as V2, MetricSpec, MetricStatus } from '../../../../shared/api/autoscaling/v2.ts'
import { isObject, type JsonObject } from '../../../../shared/machinery/json-object.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { decodeObject } from '../../schema/decode.ts'
import { hpaColumns } from '../columns/hpa.ts'
import { defineResource } from '../resource.ts'
import { emptyMap, isEmpty, list, lookup } from '../support/collections.ts'
import { ensureStructs, statusOnly, statusStrategy } from '../support/strategy.ts'
import {
  behaviorFromV1,
  behaviorToV1,
  metricFromV1,
  metricStatusFromV1,
  metricStatusToV1,
  metricToV1,
} from './carried-metrics.ts'
import { DEFAULT_CPU_PERCENT, HPA_STORAGE, setAutoscalerDefaults } from './horizontal-pod-autoscaler.ts'
import { countErrors, validateAutoscaler, validateAutoscalerUpdate } from './validate.ts'

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics'
const CURRENT_METRICS = 'autoscaling.alpha.kubernetes.io/current-metrics'
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions'
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior'

type Condition = NonNullable<V2['status']['conditions']>[number]

const isCpuPercent = (metric: MetricSpec) =>
  metric.type === 'Resource' &&
  metric.resource?.name === 'cpu' &&
  metric.resource.target.averageUtilization !== undefined
const isCpuStatus = (metric: MetricStatus) =>
  metric.type === 'Resource' &&
  metric.resource?.name === 'cpu' &&
  metric.resource.current.averageUtilization !== undefined

export function autoscalerToV1(stored: AnyObject): V1 {
  const { metadata, spec, status } = stored as unknown as V2
  const annotations = Object.assign(emptyMap<string>(), metadata.annotations)
  const carry = (key: string, value: unknown) => {
    if (value !== undefined && !(Array.isArray(value) && value.length === 0)) annotations[key] = JSON.stringify(value)
  }
  const cpu = list(spec.metrics).find(isCpuPercent)
  const cpuStatus = list(status.currentMetrics).find(isCpuStatus)
  const others = list(spec.metrics).filter(metric => metric !== cpu)
  carry(METRICS, others.map(metricToV1))
  // The processor's, too: v1 tells its share alone.
  carry(CURRENT_METRICS, list(status.currentMetrics).map(metricStatusToV1))
  carry(CONDITIONS, status.conditions)
  carry(BEHAVIOR, spec.behavior && behaviorToV1(spec.behavior))
  const target = cpu?.resource?.target.averageUtilization
  const current = cpuStatus?.resource?.current.averageUtilization
  const { annotations: _before, ...rest } = metadata
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: isEmpty(annotations) ? rest : { ...rest, annotations },
    spec: {
      scaleTargetRef: spec.scaleTargetRef,
      maxReplicas: spec.maxReplicas,
      ...(spec.minReplicas === undefined ? {} : { minReplicas: spec.minReplicas }),
      ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }),
    },
    status: {
      currentReplicas: status.currentReplicas ?? 0,
      desiredReplicas: status.desiredReplicas,
      ...(status.lastScaleTime === undefined ? {} : { lastScaleTime: status.lastScaleTime }),
      ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  }
}

/** @returns what an annotation holds, which is none any more then; undefined where it is no JSON */
function carried(annotations: Record<string, string>, key: string): unknown {
  const text = lookup(annotations, key)
  delete annotations[key]
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** As upstream, somebody's broken annotation is as good as none: it is not worth failing a write for. */
const decoded = <T>(type: string, value: unknown): T | undefined => {
  const { object, errors } = decodeObject(`autoscaling.v2.${type}`, value)
  return errors.length === 0 ? (object as T) : undefined
}
function decodedList<T>(type: string, value: unknown, make: (item: JsonObject) => unknown): T[] | undefined {
  if (!Array.isArray(value) || !value.every(isObject)) return undefined
  const items = value.map(item => decoded<T>(type, make(item)))
  return items.every(item => item !== undefined) ? items : undefined
}

export function autoscalerFromV1(object: V1): AnyObject {
  const { metadata, spec, status } = object
  const annotations = Object.assign(emptyMap<string>(), metadata.annotations)
  const metrics = decodedList<MetricSpec>('MetricSpec', carried(annotations, METRICS), metricFromV1) ?? []
  const carriedMetrics = decodedList<MetricStatus>('MetricStatus', carried(annotations, CURRENT_METRICS), metricStatusFromV1) // prettier-ignore
  const conditions = decodedList<Condition>('HorizontalPodAutoscalerCondition', carried(annotations, CONDITIONS), item => item) // prettier-ignore
  const behaviorText = carried(annotations, BEHAVIOR)
  const behavior = isObject(behaviorText)
    ? decoded<V2['spec']['behavior']>('HorizontalPodAutoscalerBehavior', behaviorFromV1(behaviorText))
    : undefined
  const percent = spec.targetCPUUtilizationPercentage ?? (metrics.length === 0 ? DEFAULT_CPU_PERCENT : undefined)
  if (percent !== undefined)
    metrics.push({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
    })
  const share = status.currentCPUUtilizationPercentage
  const shareAlone: MetricStatus[] =
    share === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: share } } }]
  const currentMetrics = carriedMetrics ?? shareAlone
  const { annotations: _before, ...rest } = metadata
  const { targetCPUUtilizationPercentage: _percent, ...specRest } = spec
  const { currentCPUUtilizationPercentage: _current, currentReplicas, ...statusRest } = status
  const stored: V2 = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: isEmpty(annotations) ? rest : { ...rest, annotations },
    spec: { ...specRest, metrics, ...(behavior ? { behavior } : {}) },
    status: {
      ...statusRest,
      // The newer version leaves zero out.
      ...(currentReplicas ? { currentReplicas } : {}),
      ...(currentMetrics.length ? { currentMetrics } : {}),
      ...(conditions ? { conditions } : {}),
    },
  }
  setAutoscalerDefaults(stored)
  return stored as unknown as AnyObject
}

const v2 = (object: V1) => autoscalerFromV1(object) as unknown as V2

export const horizontalPodAutoscalersV1 = defineResource<V1>({
  type: V1,
  shortNames: ['hpa'],
  categories: ['all'],
  storage: HPA_STORAGE,
  storedAs: 'autoscaling/v2/HorizontalPodAutoscaler',
  fromStorage: autoscalerToV1,
  toStorage: autoscalerFromV1,
  setDefaults: hpa => {
    ensureStructs(hpa, 'spec', 'status')
    hpa.status.currentReplicas ??= 0
    hpa.status.desiredReplicas ??= 0
    hpa.spec.minReplicas ??= 1
    if (lookup(hpa.metadata.annotations, METRICS) === undefined)
      hpa.spec.targetCPUUtilizationPercentage ??= DEFAULT_CPU_PERCENT
  },
  ...statusOnly({ currentReplicas: 0, desiredReplicas: 0 }),
  status: statusStrategy<V1>(({ status }) => countErrors(status)),
  validate: hpa => validateAutoscaler(v2(hpa)),
  validateUpdate: validateAutoscalerUpdate,
  columns: hpaColumns.map(column => ({ ...column, value: (hpa, nowMs) => column.value(v2(hpa), nowMs) })),
})
