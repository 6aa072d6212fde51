// Containers of all three sorts.
import type {
  Container,
  ContainerResizePolicy,
  EphemeralContainer,
  PodSpec,
} from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { dns1123Label } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { atMost, each, oneOf, requiredAnd, requiredText } from '../../support/rules.ts'
import { validateEnv, validateEnvFrom } from './validate-env.ts'
import { type Volumes, validateVolumeDevices, validateVolumeMounts } from './validate-mounts.ts'
import { hostPortConflicts, validateContainerPorts } from './validate-ports.ts'
import { validateLifecycle, validateProbes } from './validate-probes.ts'
import { validateContainerResources } from './validate-resources.ts'
import { validateSecurityContext } from './validate-security.ts'

/** What a container is checked against. */
export interface PodContext {
  readonly spec: PodSpec
  readonly volumes: Volumes
  readonly claims: ReadonlySet<string>
  /** The pod shares the host's users. */
  readonly hostUsers: boolean
}

function resizeErrors(path: string, policies: readonly ContainerResizePolicy[] | undefined, podPolicy: string) {
  const seen = new Set<string>()
  return list(policies).flatMap(({ resourceName, restartPolicy }, i) => {
    const errors: FieldError[] = seen.has(resourceName) ? [duplicate(`${path}[${i}]`, resourceName)] : []
    seen.add(resourceName)
    errors.push(...oneOf(path, resourceName, ['cpu', 'memory']))
    errors.push(...oneOf(path, restartPolicy, ['NotRequired', 'RestartContainer']))
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired')
      errors.push(invalidValue(path, restartPolicy ?? '', "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
    return errors
  })
}

function common(path: string, container: Container | EphemeralContainer, pod: PodContext): FieldError[] {
  return [
    ...requiredAnd(`${path}.name`, container.name, dns1123Label),
    ...requiredText(`${path}.image`, container.image),
    ...oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    ...validateContainerPorts(`${path}.ports`, container.ports),
    ...validateEnv(`${path}.env`, container.env),
    ...validateEnvFrom(`${path}.envFrom`, container.envFrom),
    ...validateVolumeMounts(`${path}.volumeMounts`, container, pod.volumes),
    ...validateVolumeDevices(`${path}.volumeDevices`, container, pod.volumes),
    ...oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...validateContainerResources(`${path}.resources`, container.resources, pod.claims),
    ...resizeErrors(`${path}.resizePolicy`, container.resizePolicy, pod.spec.restartPolicy ?? ''),
    ...validateSecurityContext(`${path}.securityContext`, container.securityContext, pod.hostUsers),
  ]
}

function restartErrors(path: string, { restartPolicy, restartPolicyRules: rules }: Container): FieldError[] {
  const errors: FieldError[] = []
  if (restartPolicy === undefined) {
    if (list(rules).length > 0)
      errors.push(required(`${path}.restartPolicy`, 'must specify restartPolicy when restart rules are used'))
  } else if (!['Always', 'Never', 'OnFailure'].includes(restartPolicy))
    errors.push(notSupported(`${path}.restartPolicy`, restartPolicy, ['Always', 'Never', 'OnFailure']))
  errors.push(...atMost(`${path}.restartPolicyRules`, rules, 20))
  errors.push(
    ...each(`${path}.restartPolicyRules`, rules, (at, rule) => {
      const wrong: FieldError[] = []
      if (!['Restart', 'RestartAllContainers'].includes(rule.action))
        wrong.push(notSupported(`${at}.action`, rule.action ?? '', ['Restart', 'RestartAllContainers']))
      if (!rule.exitCodes) return [...wrong, required(`${at}.exitCodes`, 'must be specified')]
      if (!['In', 'NotIn'].includes(rule.exitCodes.operator))
        wrong.push(notSupported(`${at}.exitCodes.operator`, rule.exitCodes.operator ?? '', ['In', 'NotIn']))
      return [...wrong, ...atMost(`${at}.exitCodes.values`, rule.exitCodes.values, 255)]
    }),
  )
  return errors
}

/** Adds the name; `Duplicate value` when it was there. None is a name as well, but of what runs before the others. */
function unique(path: string, name: string | undefined, names: Set<string>, countsNone = true): FieldError[] {
  if (names.has(name ?? '')) return [duplicate(`${path}.name`, name ?? '')]
  if (name || countsNone) names.add(name ?? '')
  return []
}

export function validateContainers(path: string, pod: PodContext): FieldError[] {
  const { spec } = pod
  const containers = list(spec.containers)
  if (containers.length === 0) return [required(path)]
  const names = new Set<string>()
  return [
    ...each(path, containers, (at, container) => [
      ...common(at, container, pod),
      ...unique(at, container.name, names),
      ...validateLifecycle(`${at}.lifecycle`, container.lifecycle, spec.terminationGracePeriodSeconds, spec.os),
      ...validateProbes(at, container, spec.terminationGracePeriodSeconds),
      ...restartErrors(at, container),
    ]),
    ...hostPortConflicts(path, containers),
  ]
}

const SIDECARS_ONLY = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const

export function validateInitContainers(path: string, pod: PodContext): FieldError[] {
  const { spec } = pod
  const names = new Set(list(spec.containers).map(container => container.name))
  return each(path, spec.initContainers, (at, container) => {
    const sidecar = container.restartPolicy === 'Always'
    return [
      ...common(at, container, pod),
      // Without a policy, nothing else is said of the rules of what runs before the others.
      ...restartErrors(at, container).slice(0, container.restartPolicy === undefined ? 1 : undefined),
      ...unique(at, container.name, names, false),
      ...hostPortConflicts(path, [container]),
      ...(sidecar
        ? [
            ...validateLifecycle(`${at}.lifecycle`, container.lifecycle, spec.terminationGracePeriodSeconds, spec.os),
            ...validateProbes(at, container, spec.terminationGracePeriodSeconds),
          ]
        : SIDECARS_ONLY.flatMap(field =>
            container[field]
              ? [forbiddenField(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always')]
              : [],
          )),
      ...(sidecar
        ? []
        : each(`${at}.resizePolicy`, container.resizePolicy, (p, policy) =>
            policy.restartPolicy === 'RestartContainer'
              ? [
                  invalidValue(
                    `${p}.restartPolicy`,
                    policy.restartPolicy,
                    "must not be set to 'RestartContainer' for non-sidecar initContainers",
                  ),
                ]
              : [],
          )),
    ]
  })
}

const NOT_FOR_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const

/** What Go has as a pointer counts though it says nothing; lists and resources have to hold something. */
const isSet = (field: string, value: unknown): boolean =>
  Array.isArray(value) || field === 'resources' ? Object.keys(value ?? {}).length > 0 : value !== undefined

export function validateEphemeralContainers(path: string, pod: PodContext): FieldError[] {
  const { spec } = pod
  const others = new Set([...list(spec.containers), ...list(spec.initContainers)].map(container => container.name))
  const names = new Set(others)
  const why = 'cannot be set for an Ephemeral Container'
  return each(path, spec.ephemeralContainers, (at, container) => [
    ...common(at, container, pod),
    ...trimmedImage(at, container.image),
    ...unique(at, container.name, names),
    ...(container.targetContainerName && !others.has(container.targetContainerName)
      ? [notFoundValue(`${at}.targetContainerName`, container.targetContainerName)]
      : []),
    ...NOT_FOR_EPHEMERAL.flatMap(field =>
      isSet(field, container[field]) ? [forbiddenField(`${at}.${field}`, why)] : [],
    ),
    ...each(`${at}.volumeMounts`, container.volumeMounts, (p, mount) => [
      ...(mount.subPath ? [forbiddenField(`${p}.subPath`, why)] : []),
      ...(mount.subPathExpr ? [forbiddenField(`${p}.subPathExpr`, why)] : []),
    ]),
  ])
}

/** Templates let it pass, pods do not. */
export const trimmedImage = (path: string, image: string | undefined): FieldError[] =>
  image !== undefined && image.trim() !== image
    ? [invalidValue(`${path}.image`, image, 'must not have leading or trailing whitespace')]
    : []
