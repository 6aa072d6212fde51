// The spec of a pod or of a pod template.
import type { PodSpec, PodTemplateSpec } from '../../../../../shared/api/core/v1.ts'
import type { ObjectMeta } from '../../../../../shared/api/meta/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../../../shared/machinery/names.ts'
import { list } from '../../support/collections.ts'
import { MAX_INT32, between, each, obey, oneOf, validateLabels } from '../../support/rules.ts'
import { overheadErrors } from '../../support/resource-names.ts'
import { validateAnnotations } from '../../../schema/validate-meta.ts'
import { validateAffinity } from './validate-affinity.ts'
import { annotationErrors, profilesThatDiffer } from './validate-annotations.ts'
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './validate-containers.ts'
import { validateNames } from './validate-dns.ts'
import { hostNetworkPorts } from './validate-ports.ts'
import { validatePodResources } from './validate-resources.ts'
import { validateSchedulingGates, validateTolerations, validateTopologySpread } from './validate-scheduling.ts'
import { validateHostUsers, validatePodSecurityContext } from './validate-security.ts'
import { validateVolumes } from './validate-volumes.ts'
import { validateHostProcess } from './validate-windows.ts'

export const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']

function resourceClaimErrors(path: string, spec: PodSpec): FieldError[] {
  const names = new Set<string>()
  return each(path, spec.resourceClaims, (at, claim) => {
    const errors: FieldError[] = []
    if (!claim.name) errors.push(required(`${at}.name`))
    else if (names.has(claim.name)) errors.push(duplicate(`${at}.name`, claim.name))
    else errors.push(...obey(`${at}.name`, claim.name, dns1123Label))
    names.add(claim.name)
    const { resourceClaimName: own, resourceClaimTemplateName: template } = claim
    if (own !== undefined && template !== undefined)
      errors.push(
        invalidValue(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'),
      )
    if (own === undefined && template === undefined)
      errors.push(invalidValue(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'))
    if (own !== undefined) errors.push(...obey(`${at}.resourceClaimName`, own, dns1123Subdomain))
    if (template !== undefined) errors.push(...obey(`${at}.resourceClaimTemplateName`, template, dns1123Subdomain))
    return errors
  })
}

/** Variables out of files read them from an emptyDir of the same pod. */
function fileKeyErrors(path: string, spec: PodSpec): FieldError[] {
  const volumes = new Map(list(spec.volumes).map(volume => [volume.name, volume]))
  const check = (field: string, containers: PodSpec['containers'] | PodSpec['ephemeralContainers']) =>
    each<{ env?: PodSpec['containers'][number]['env'] }>(`${path}.${field}`, containers, (at, container) =>
      each(`${at}.env`, container.env, (p, variable) => {
        const file = variable.valueFrom?.fileKeyRef
        if (!file) return []
        const name = file.volumeName ?? ''
        const where = `${p}.valueFrom.fileKeyRef.volumeName`
        const volume = volumes.get(name)
        if (!volume) return [notFoundValue(where, name)]
        return volume.emptyDir ? [] : [invalidValue(where, name, 'referenced volume must be of type emptyDir')]
      }),
    )
  return [
    ...check('initContainers', spec.initContainers),
    ...check('containers', spec.containers),
    ...check('ephemeralContainers', spec.ephemeralContainers),
  ]
}

function osErrors(path: string, spec: PodSpec): FieldError[] {
  if (!spec.os) return []
  const { name } = spec.os
  if (!name) return [required(`${path}.os.name`)]
  if (name !== 'linux' && name !== 'windows') return [notSupported(`${path}.os`, name, ['linux', 'windows'])]
  if (name === 'linux')
    return spec.securityContext?.windowsOptions
      ? [forbiddenField(`${path}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod')]
      : []
  const fields = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const
  const why = 'cannot be set for a windows pod'
  return fields.flatMap(field => (spec[field] === undefined ? [] : [forbiddenField(`${path}.${field}`, why)]))
}

/** @param meta the pod's; undefined for a template */
export function validatePodSpec(path: string, spec: PodSpec, meta: ObjectMeta | undefined): FieldError[] {
  const { volumes, errors } = validateVolumes(`${path}.volumes`, spec.volumes, meta)
  if (spec.terminationGracePeriodSeconds === undefined)
    errors.unshift(required(`${path}.terminationGracePeriodSeconds`))
  const claims = new Set(list(spec.resourceClaims).flatMap(claim => claim.name || []))
  const pod = { spec, volumes, claims, hostUsers: spec.hostUsers !== false }
  const subdomain = (field: 'serviceAccountName' | 'nodeName' | 'priorityClassName') => {
    const name = spec[field]
    return name ? obey(`${path}.${field}`, name, dns1123Subdomain) : []
  }
  errors.push(
    ...resourceClaimErrors(`${path}.resourceClaims`, spec),
    ...validateContainers(`${path}.containers`, pod),
    ...validateInitContainers(`${path}.initContainers`, pod),
    ...validateEphemeralContainers(`${path}.ephemeralContainers`, pod),
    ...validatePodResources(`${path}.resources`, spec.resources, list(spec.containers), spec.os?.name),
    ...(spec.hostNetwork ? hostNetworkPorts(`${path}.containers`, list(spec.containers), meta !== undefined) : []),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...validateLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...validatePodSecurityContext(path, spec),
    ...validateAffinity(`${path}.affinity`, spec.affinity),
    ...validateNames(path, spec),
    ...each(`${path}.readinessGates`, spec.readinessGates, (at, gate) =>
      obey(`${at}.conditionType`, gate.conditionType ?? '', qualifiedName),
    ),
    ...validateSchedulingGates(`${path}.schedulingGates`, spec.schedulingGates),
    ...validateTopologySpread(`${path}.topologySpreadConstraints`, spec.topologySpreadConstraints),
    ...validateHostProcess(path, spec),
    ...validateHostUsers(path, spec),
    ...subdomain('serviceAccountName'),
    ...subdomain('nodeName'),
    ...validateTolerations(`${path}.tolerations`, spec.tolerations),
    ...subdomain('priorityClassName'),
    ...(spec.runtimeClassName === undefined
      ? []
      : obey(`${path}.runtimeClassName`, spec.runtimeClassName, dns1123Subdomain)),
  )
  const deadline = spec.activeDeadlineSeconds
  if (deadline !== undefined) errors.push(...obey(`${path}.activeDeadlineSeconds`, deadline, between(1, MAX_INT32)))
  if (spec.preemptionPolicy !== undefined)
    errors.push(...oneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']))
  errors.push(...overheadErrors(`${path}.overhead`, spec.overhead))
  return [...errors, ...osErrors(path, spec), ...fileKeyErrors(path, spec)]
}

/** What was wrong with a stored template already must not keep its object from being changed and scaled. */
function newlyWrong(
  template: PodTemplateSpec,
  old: PodTemplateSpec | undefined,
  check: (template: PodTemplateSpec) => FieldError[],
): FieldError[] {
  const found = check(template)
  if (found.length === 0 || !old?.spec) return found
  const text = ({ field, message }: FieldError) => `${field}: ${message}`
  const known = new Set(check(old).map(text))
  return found.filter(error => !known.has(text(error)))
}

/** @param old before an update: what its annotations said is not held against it */
export function validatePodTemplate(path: string, template: PodTemplateSpec, old?: PodTemplateSpec): FieldError[] {
  const { metadata, spec } = template
  const at = `${path}.annotations`
  const errors: FieldError[] = [
    ...validateLabels(`${path}.labels`, metadata?.labels),
    ...newlyWrong(template, old, one => validateAnnotations(one.metadata?.annotations, at)),
  ]
  if (!spec) return [...errors, required(`${path}.spec`)]
  errors.push(
    ...newlyWrong(template, old, one => annotationErrors(at, one.metadata?.annotations, one.spec)),
    ...validatePodSpec(`${path}.spec`, spec, undefined),
    ...newlyWrong(template, old, one => profilesThatDiffer(`${path}.spec`, one.metadata?.annotations, one.spec)),
  )
  if (list(spec.ephemeralContainers).length > 0)
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  return errors
}
