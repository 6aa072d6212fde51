// What a HorizontalPodAutoscaler must look like.
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricTarget,
} from '../../../../shared/api/autoscaling/v2.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, pathSegmentName } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { list } from '../support/collections.ts'
import { containerResourceName } from '../support/resource-names.ts'
import { each, nonNegative, obey, optionalOneOf, requiredAnd } from '../support/rules.ts'

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']
const TARGETS = ['Utilization', 'Value', 'AverageValue']
const FIELDS = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const
type Source = (typeof FIELDS)[keyof typeof FIELDS]
const MAX_WINDOW_SECONDS = 3600
const MAX_PERIOD_SECONDS = 1800

const reference = (path: string, ref: CrossVersionObjectReference | undefined): FieldError[] => [
  ...requiredAnd(`${path}.kind`, ref?.kind, pathSegmentName),
  ...requiredAnd(`${path}.name`, ref?.name, pathSegmentName),
]

/** In the core group, only ReplicationControllers can be scaled. */
function scalableErrors(path: string, ref: CrossVersionObjectReference | undefined): FieldError[] {
  const apiVersion = ref?.apiVersion ?? ''
  const hasGroup = apiVersion.includes('/') && !apiVersion.startsWith('/')
  return hasGroup || ref?.kind === 'ReplicationController'
    ? []
    : [invalidValue(`${path}.apiVersion`, apiVersion, 'apiVersion must specify API group')]
}

function positiveAmount(path: string, amount: string | number | undefined): FieldError[] {
  if (amount === undefined || !isQuantity(amount) || parseQuantity(amount).nano > 0n) return []
  return [invalidValue(path, String(amount), 'must be positive')]
}

/** @returns what is wrong with the name of a metric */
const metricName = (path: string, name: string | undefined): FieldError[] =>
  name ? obey(path, name, pathSegmentName) : [required(path, 'must specify a metric name')]

function targetErrors(path: string, target: MetricTarget | undefined): FieldError[] {
  const type = target?.type ?? ''
  const percent = target?.averageUtilization
  return [
    ...(type ? [] : [required(`${path}.type`, 'must specify a metric target type')]),
    ...(TARGETS.includes(type)
      ? []
      : [invalidValue(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue')]),
    ...(['value', 'averageValue'] as const).flatMap(field => positiveAmount(`${path}.${field}`, target?.[field])),
    ...(percent !== undefined && percent < 1
      ? [invalidValue(`${path}.averageUtilization`, percent, 'must be greater than 0')]
      : []),
  ]
}

function utilizationErrors(path: string, target: MetricTarget | undefined): FieldError[] {
  if (target?.averageUtilization === undefined && target?.averageValue === undefined)
    return [required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization')]
  return target.averageUtilization !== undefined && target.averageValue !== undefined
    ? [forbiddenField(`${path}.averageValue`, 'may not set both a target raw value and a target utilization')]
    : []
}

/** Of each source, in the order in which upstream looks at them. */
const SOURCES: { readonly [K in Source]: (at: string, source: NonNullable<MetricSpec[K]>) => FieldError[] } = {
  object: (at, { describedObject, metric, target }) => [
    ...reference(`${at}.describedObject`, describedObject),
    ...metricName(`${at}.metric.name`, metric?.name),
    ...targetErrors(`${at}.target`, target),
    ...(target?.value === undefined && target?.averageValue === undefined
      ? [required(`${at}.target.averageValue`, 'must set either a target value or averageValue')]
      : []),
  ],
  external: (at, { metric, target }) => [
    ...metricName(`${at}.metric.name`, metric?.name),
    ...targetErrors(`${at}.target`, target),
    ...(target?.value === undefined && target?.averageValue === undefined
      ? [required(`${at}.target.averageValue`, 'must set either a target value for metric or a per-pod target')]
      : []),
    ...(target?.value !== undefined && target.averageValue !== undefined
      ? [forbiddenField(`${at}.target.value`, 'may not set both a target value for metric and a per-pod target')]
      : []),
  ],
  pods: (at, { metric, target }) => [
    ...metricName(`${at}.metric.name`, metric?.name),
    ...targetErrors(`${at}.target`, target),
    ...(target?.averageValue === undefined
      ? [required(`${at}.target.averageValue`, 'must specify a positive target averageValue')]
      : []),
  ],
  resource: (at, { name, target }) => [
    ...(name ? [] : [required(`${at}.name`, 'must specify a resource name')]),
    ...targetErrors(`${at}.target`, target),
    ...utilizationErrors(`${at}.target`, target),
  ],
  containerResource: (at, { name, container, target }) => [
    ...(name ? containerResourceName(`${at}.name`, name) : [required(`${at}.name`, 'must specify a resource name')]),
    ...(container
      ? obey(`${at}.container`, container, dns1123Label)
      : [required(`${at}.container`, 'must specify a container')]),
    ...targetErrors(`${at}.target`, target),
    ...utilizationErrors(`${at}.target`, target),
  ],
}

function sourceErrors<K extends Source>(path: string, metric: MetricSpec, field: K): FieldError[] {
  const source = metric[field]
  return source ? SOURCES[field](`${path}.${field}`, source as NonNullable<MetricSpec[K]>) : []
}

/** Whatever type it says, what is there is looked at; of several, the first. */
function metricErrors(path: string, metric: MetricSpec): FieldError[] {
  const { type } = metric
  const errors: FieldError[] = type ? [] : [required(`${path}.type`, 'must specify a metric source type')]
  if (!TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type ?? '', TYPES))
  const present = (Object.keys(SOURCES) as Source[]).filter(field => metric[field])
  const [first] = present
  if (first) errors.push(...sourceErrors(path, metric, first))
  const own = FIELDS[type as keyof typeof FIELDS] as Source | undefined
  if (own && !metric[own])
    errors.push(required(`${path}.${own}`, 'must populate information for the given metric source'))
  if (present.length === 1) return errors
  const others = present.filter(field => field !== own)
  return [...errors, ...others.map(f => forbiddenField(`${path}.${f}`, 'must populate the given metric source only'))]
}

function scalingErrors(path: string, rules: HPAScalingRules | undefined): FieldError[] {
  if (!rules) return []
  const window = rules.stabilizationWindowSeconds
  const errors: FieldError[] = []
  const at = `${path}.stabilizationWindowSeconds`
  if (window !== undefined && window < 0) errors.push(invalidValue(at, window, 'must be greater than or equal to zero'))
  if (window !== undefined && window > MAX_WINDOW_SECONDS)
    errors.push(invalidValue(at, window, `must be less than or equal to ${MAX_WINDOW_SECONDS}`))
  errors.push(...optionalOneOf(`${path}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']))
  if (list(rules.policies).length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'))
  const { tolerance } = rules
  if (tolerance !== undefined && isQuantity(tolerance) && parseQuantity(tolerance).nano < 0n)
    errors.push(invalidValue(`${path}.tolerance`, String(tolerance), 'must be greater than or equal to 0'))
  return [
    ...errors,
    ...each(`${path}.policies`, rules.policies, (p, { type = '', value = 0, periodSeconds = 0 }) => [
      ...optionalOneOf(`${p}.type`, type, ['Percent', 'Pods']),
      ...(value <= 0 ? [invalidValue(`${p}.value`, value, 'must be greater than zero')] : []),
      ...(periodSeconds <= 0 ? [invalidValue(`${p}.periodSeconds`, periodSeconds, 'must be greater than zero')] : []),
      ...(periodSeconds > MAX_PERIOD_SECONDS
        ? [invalidValue(`${p}.periodSeconds`, periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`)]
        : []),
    ]),
  ]
}

/** Of either version. */
interface Scaling {
  readonly spec: { readonly scaleTargetRef: CrossVersionObjectReference }
}

/** One that was stored in other days is let be. */
export const validateAutoscalerUpdate = ({ spec }: Scaling, old: Scaling): FieldError[] =>
  scalableErrors('', old.spec.scaleTargetRef).length > 0
    ? []
    : scalableErrors('spec.scaleTargetRef', spec.scaleTargetRef)

export function validateAutoscaler({ metadata, spec }: HorizontalPodAutoscaler): FieldError[] {
  const errors: FieldError[] = []
  const { minReplicas, maxReplicas = 0 } = spec
  if (minReplicas !== undefined && minReplicas < 1)
    errors.push(invalidValue('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'))
  if (minReplicas === 0 && !list(spec.metrics).some(({ type }) => type === 'Object' || type === 'External'))
    errors.push(
      forbiddenField(
        'spec.metrics',
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    )
  if (maxReplicas === 0) errors.push(required('spec.maxReplicas', 'must be set and greater than 0'))
  else if (maxReplicas < 0)
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1'))
  if (minReplicas !== undefined && maxReplicas < minReplicas)
    errors.push(invalidValue('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'))
  return [
    ...errors,
    ...reference('spec.scaleTargetRef', spec.scaleTargetRef),
    ...(metadata.resourceVersion ? [] : scalableErrors('spec.scaleTargetRef', spec.scaleTargetRef)),
    ...each('spec.metrics', spec.metrics, metricErrors),
    ...scalingErrors('spec.behavior.scaleUp', spec.behavior?.scaleUp),
    ...scalingErrors('spec.behavior.scaleDown', spec.behavior?.scaleDown),
  ]
}

/** Of a status. */
export const countErrors = ({
  currentReplicas,
  desiredReplicas,
}: {
  currentReplicas?: number
  desiredReplicas?: number
}) => [
  ...nonNegative('status.currentReplicas', currentReplicas),
  ...nonNegative('status.desiredReplicas', desiredReplicas),
]
