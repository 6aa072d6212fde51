// One metric of an autoscaler: what it proposes, what its status shows, and how it fails.
import type { MetricIdentifier, MetricSpec, MetricStatus } from '../../../shared/api/autoscaling/v2.ts'
import { Pod } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { Quantity, parseQuantity } from '../../../shared/machinery/quantity.ts'
import { fromLabelSelector } from '../../../shared/machinery/selectors.ts'
import { externalMetric, objectMetric, podsMetric, resourceMetrics } from './metrics-client.ts'
import {
  type PodQuestion,
  type Proposal,
  type Tolerances,
  byAverage,
  byUtilization,
  byValue,
  byValuePerPod,
} from './replica-calculator.ts'

export interface Target {
  readonly client: Client
  readonly namespace: string
  /** Of the target's pods. */
  readonly selector: string
  readonly pods: readonly Pod[]
  readonly specReplicas: number
  readonly statusReplicas: number
  readonly tolerances: Tolerances
  readonly nowMs: number
}

export interface Evaluated {
  readonly replicas: number
  /** As the reason of a rescale names it. */
  readonly name: string
  readonly status: MetricStatus
}

/** Carries the condition's reason, such as `FailedGetResourceMetric`, and which value is missing. */
export class MetricError extends Error {
  readonly reason: string
  readonly what: string
  constructor(reason: string, what: string, message: string) {
    super(message)
    this.reason = reason
    this.what = what
  }
}

const unable =
  (metric: string, what = 'metric') =>
  (error: unknown) => {
    throw new Error(`unable to get ${what} ${metric}: ${(error as Error).message}`, { cause: error })
  }

const describeSelector = (selector: MetricIdentifier['selector']) =>
  selector ? fromLabelSelector(selector).format() : 'nil'

/** As Go prints it, in messages that people search for. */
function printed(selector: MetricIdentifier['selector']): string {
  if (!selector) return 'nil'
  const { matchLabels = {}, matchExpressions = [] } = selector
  const labels = Object.keys(matchLabels)
    .sort()
    .map(key => `${key}: ${matchLabels[key]},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}

const quantity = (milli: number, resource?: string) =>
  new Quantity(BigInt(Math.round(milli)) * 1_000_000n, resource === 'memory' ? 'BinarySI' : 'DecimalSI').toString()
const milliOf = (value: string | number) => parseQuantity(value).milli()

const questionOf = (
  { specReplicas, pods, tolerances, nowMs }: Target,
  metrics: PodQuestion['metrics'],
): PodQuestion => ({ current: specReplicas, pods, metrics, tolerances, nowMs })

const readyCount = ({ pods }: Target) =>
  pods.filter(({ status }) => status.phase === 'Running' && isConditionTrue(status.conditions, 'Ready')).length

async function ofResource(
  target: Target,
  resource: string,
  container: string | undefined,
  { averageValue, averageUtilization }: { averageValue?: string | number; averageUtilization?: number },
): Promise<Proposal & { name: string }> {
  const { client, namespace, selector } = target
  const kind = averageValue === undefined ? 'utilization' : 'usage'
  try {
    if (averageValue === undefined && averageUtilization === undefined)
      throw new Error('invalid resource metric source: neither an average utilization nor an average value was set')
    const question = questionOf(target, await resourceMetrics(client, namespace, selector, resource, container))
    if (averageValue !== undefined)
      return { ...byAverage(question, resource, milliOf(averageValue)), name: `${resource} resource` }
    return {
      ...byUtilization(question, resource, container, averageUtilization ?? 0),
      name: `${resource} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`,
    }
  } catch (error) {
    throw new Error(`failed to get ${resource} ${kind}: ${(error as Error).message}`, { cause: error })
  }
}

const current = ({ averageMilli, utilization }: Proposal, resource?: string) => ({
  ...(averageMilli === undefined ? {} : { averageValue: quantity(averageMilli, resource) }),
  ...(utilization === undefined ? {} : { averageUtilization: utilization }),
})

const evaluators: Readonly<
  Record<
    string,
    {
      reason: string
      what: (spec: MetricSpec) => string
      evaluate: (spec: MetricSpec, target: Target) => Promise<Evaluated | undefined>
    }
  >
> = {
  Resource: {
    reason: 'FailedGetResourceMetric',
    what: ({ resource }) => `${resource?.name ?? ''} resource metric value`,
    async evaluate({ resource: source }, target) {
      if (!source) return undefined
      const proposal = await ofResource(target, source.name, undefined, source.target)
      const status = { type: 'Resource', resource: { name: source.name, current: current(proposal, source.name) } }
      return { ...proposal, status }
    },
  },
  ContainerResource: {
    reason: 'FailedGetContainerResourceMetric',
    // Upstream names the container there.
    what: ({ containerResource }) => `${containerResource?.container ?? ''} container metric value`,
    async evaluate({ containerResource: source }, target) {
      if (!source) return undefined
      const { name, container } = source
      const proposal = await ofResource(target, name, container, source.target)
      const containerResource = { name, container, current: current(proposal, name) }
      return { ...proposal, status: { type: 'ContainerResource', containerResource } }
    },
  },
  Pods: {
    reason: 'FailedGetPodsMetric',
    what: () => 'pods metric value',
    async evaluate({ pods: source }, target) {
      if (!source) return undefined
      const { client, namespace, selector } = target
      const metrics = await podsMetric(client, namespace, selector, source.metric).catch(unable(source.metric.name))
      const proposal = byAverage(questionOf(target, metrics), '', milliOf(source.target.averageValue ?? '0'))
      const pods = { metric: source.metric, current: current(proposal) }
      return { ...proposal, name: `pods metric ${source.metric.name}`, status: { type: 'Pods', pods } }
    },
  },
  Object: {
    reason: 'FailedGetObjectMetric',
    what: () => 'object metric value',
    async evaluate({ object: source }, target) {
      if (!source) return undefined
      const { client, namespace, specReplicas, statusReplicas, tolerances } = target
      const { metric, describedObject } = source
      const used = await objectMetric(client, namespace, describedObject, metric).catch(unable(metric.name))
      const name = `${describedObject.kind} metric ${metric.name}`
      const done = (replicas: number, shown: object, as = name): Evaluated => ({
        replicas,
        name: as,
        status: { type: 'Object', object: { metric, describedObject, current: shown } },
      })
      if (source.target.type === 'Value') {
        const wanted = milliOf(source.target.value ?? '0')
        return done(byValue(specReplicas, used, wanted, readyCount(target), tolerances), { value: quantity(used) })
      }
      const proposal = byValuePerPod(used, milliOf(source.target.averageValue ?? '0'), statusReplicas, tolerances)
      // Upstream calls it that as well.
      return done(proposal.replicas, current(proposal), `external metric ${metric.name}(${printed(metric.selector)})`)
    },
  },
  External: {
    reason: 'FailedGetExternalMetric',
    what: ({ external }) => `${external?.metric.name ?? ''} external metric value`,
    async evaluate({ external: source }, target) {
      if (!source) return undefined
      const { client, namespace, specReplicas, statusReplicas, tolerances } = target
      const { metric } = source
      const which = `${namespace}/${metric.name}/${describeSelector(metric.selector)}`
      const used = await externalMetric(client, namespace, metric).catch(unable(which, 'external metric'))
      const name = `external metric ${metric.name}(${printed(metric.selector)})`
      const done = (replicas: number, shown: object): Evaluated => ({
        replicas,
        name,
        status: { type: 'External', external: { metric, current: shown } },
      })
      if (source.target.averageValue !== undefined) {
        const proposal = byValuePerPod(used, milliOf(source.target.averageValue), statusReplicas, tolerances)
        return done(proposal.replicas, current(proposal))
      }
      const wanted = milliOf(source.target.value ?? '0')
      return done(byValue(specReplicas, used, wanted, readyCount(target), tolerances), { value: quantity(used) })
    },
  },
}

/** @throws MetricError */
export async function evaluateMetric(spec: MetricSpec, target: Target): Promise<Evaluated> {
  const evaluator = Object.hasOwn(evaluators, spec.type) ? evaluators[spec.type] : undefined
  if (!evaluator)
    throw new MetricError('InvalidMetricSourceType', 'metric', `unknown metric source type "${spec.type}"`)
  try {
    const evaluated = await evaluator.evaluate(spec, target)
    if (evaluated) return evaluated
    throw new Error(`the source of a ${spec.type} metric is missing`)
  } catch (error) {
    throw new MetricError(evaluator.reason, evaluator.what(spec), (error as Error).message)
  }
}
