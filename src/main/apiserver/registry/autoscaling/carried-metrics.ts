// What autoscaling/v1 has no field for, as upstream carries it in annotations: metrics and their readings in types that
// v1 once had, behaviour by the names that it has in Go.
// @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v1/
import type {
  HorizontalPodAutoscaler,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../../../shared/api/autoscaling/v2.ts'
import { isObject } from '../../../../shared/machinery/json-object.ts'

type Behavior = HorizontalPodAutoscaler['spec']['behavior']
type Fields = Readonly<Record<string, unknown>>

/** The kinds of metrics, by the field that says more of one. */
const KINDS = ['resource', 'containerResource', 'pods', 'object', 'external'] as const
type Kind = (typeof KINDS)[number]

const said = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
const fieldsOf = (value: unknown): Fields => (isObject(value) ? value : {})

/** How the metric is called, and of what it is. */
function subjectToV1(kind: Kind, source: Fields): Fields {
  if (kind === 'resource' || kind === 'containerResource')
    return { name: source['name'], container: source['container'] }
  const { name, selector } = fieldsOf(source['metric'])
  if (kind === 'external') return { metricName: name, metricSelector: selector }
  return { target: source['describedObject'], metricName: name, selector }
}

function subjectFromV1(kind: Kind, source: Fields): Fields {
  if (kind === 'resource' || kind === 'containerResource')
    return { name: source['name'], container: source['container'] }
  const selector = source[kind === 'external' ? 'metricSelector' : 'selector']
  const metric = said({ name: source['metricName'], selector }) as unknown as MetricIdentifier
  return { metric, describedObject: kind === 'object' ? source['target'] : undefined }
}

function targetToV1(kind: Kind, { value, averageValue, averageUtilization }: MetricTarget): Fields {
  switch (kind) {
    case 'object':
      return { targetValue: value ?? '0', averageValue }
    case 'pods':
      return { targetAverageValue: averageValue ?? '0' }
    case 'external':
      return { targetValue: value, targetAverageValue: averageValue }
    default:
      return { targetAverageUtilization: averageUtilization, targetAverageValue: averageValue }
  }
}

const isZero = (quantity: unknown) => quantity === undefined || quantity === '0' || quantity === 0

function targetFromV1(kind: Kind, source: Fields): Fields {
  const [value, averageValue] = [source['targetValue'], source['targetAverageValue']]
  switch (kind) {
    case 'object': {
      const average = source['averageValue']
      if (average === undefined) return { type: 'Value', value: value ?? '0' }
      return { type: 'AverageValue', value: isZero(value) ? undefined : value, averageValue: average }
    }
    case 'pods':
      return { type: 'AverageValue', averageValue: averageValue ?? '0' }
    case 'external':
      return { type: value === undefined ? 'AverageValue' : 'Value', value, averageValue }
    default: {
      const averageUtilization = source['targetAverageUtilization']
      const type = averageUtilization === undefined ? 'AverageValue' : 'Utilization'
      return { type, averageValue, averageUtilization }
    }
  }
}

function readingToV1(kind: Kind, { value, averageValue, averageUtilization }: MetricValueStatus): Fields {
  switch (kind) {
    case 'object':
      return { currentValue: value ?? '0', averageValue }
    case 'pods':
      return { currentAverageValue: averageValue ?? '0' }
    case 'external':
      return { currentValue: value ?? '0', currentAverageValue: averageValue }
    default:
      return { currentAverageUtilization: averageUtilization, currentAverageValue: averageValue ?? '0' }
  }
}

function readingFromV1(kind: Kind, source: Fields): Fields {
  const [value, averageValue] = [source['currentValue'] ?? '0', source['currentAverageValue']]
  switch (kind) {
    case 'object':
      return { value, averageValue: source['averageValue'] }
    case 'pods':
      return { averageValue: averageValue ?? '0' }
    case 'external':
      return { value, averageValue }
    default:
      return { averageValue: averageValue ?? '0', averageUtilization: source['currentAverageUtilization'] }
  }
}

/** Each of the kinds that is there, made anew. */
function converted(metric: Fields, make: (kind: Kind, source: Fields) => Fields): Fields {
  const parts = KINDS.filter(kind => metric[kind] !== undefined && metric[kind] !== null)
  const made = parts.map(kind => {
    const source = metric[kind]
    return [kind, isObject(source) ? said(make(kind, source)) : source]
  })
  return { ...Object.fromEntries(made), type: metric['type'] }
}

export const metricToV1 = (metric: MetricSpec): Fields =>
  converted(metric as unknown as Fields, (kind, source) => ({
    ...subjectToV1(kind, source),
    ...targetToV1(kind, fieldsOf(source['target']) as unknown as MetricTarget),
  }))
export const metricFromV1 = (metric: Fields): MetricSpec =>
  converted(metric, (kind, source) => ({
    ...subjectFromV1(kind, source),
    target: said(targetFromV1(kind, source)),
  })) as unknown as MetricSpec

export const metricStatusToV1 = (status: MetricStatus): Fields =>
  converted(status as unknown as Fields, (kind, source) => ({
    ...subjectToV1(kind, source),
    ...readingToV1(kind, fieldsOf(source['current']) as MetricValueStatus),
  }))
export const metricStatusFromV1 = (status: Fields): MetricStatus =>
  converted(status, (kind, source) => ({
    ...subjectFromV1(kind, source),
    current: said(readingFromV1(kind, source)),
  })) as unknown as MetricStatus

/** Names of fields with another first letter, at any depth. What is null is not said. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map(each => renamed(each, rename))
  if (!isObject(value)) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined && field !== null)
  return Object.fromEntries(fields.map(([name, field]) => [rename(name), renamed(field, rename)]))
}
const RULES = { StabilizationWindowSeconds: null, SelectPolicy: null, Policies: null, Tolerance: null }

/** As Go writes it: every field, by its name in Go. */
export function behaviorToV1(behavior: NonNullable<Behavior>): Fields {
  const { ScaleUp, ScaleDown } = renamed(behavior, name => name.charAt(0).toUpperCase() + name.slice(1)) as Record<string, Fields | undefined> // prettier-ignore
  const rules = (given: Fields | undefined) => given && { ...RULES, ...given }
  return { ScaleUp: rules(ScaleUp) ?? null, ScaleDown: rules(ScaleDown) ?? null }
}
/** Go reads names in any case. */
export const behaviorFromV1 = (behavior: Fields): Behavior =>
  renamed(behavior, name => name.charAt(0).toLowerCase() + name.slice(1)) as Behavior
