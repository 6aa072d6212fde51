// Required fields, as the schema lists them. What is inside `status` is the controllers' affair and not checked.
import { type FieldError, required } from '../../../shared/machinery/field-error.ts'
import { getField, isObject } from '../../../shared/machinery/json-object.ts'
import { typeFact } from './table.ts'
import type { FieldFact } from './facts.ts'

type Check = (value: unknown, path: string, errors: FieldError[]) => void

/**
 * Fields that the document calls required because Go always prints them, while the server takes their absence as the
 * zero value.
 */
const ZERO_IS_FINE = new Set([
  'apiextensions.v1.CustomResourceDefinitionVersion.served',
  'apiextensions.v1.CustomResourceDefinitionVersion.storage',
  'apps.v1.ControllerRevision.revision',
  'core.v1.Event.metadata',
  'core.v1.HTTPHeader.value',
  'core.v1.LimitRangeSpec.limits',
  'core.v1.PreferredSchedulingTerm.preference',
  'core.v1.SleepAction.seconds',
  'core.v1.Sysctl.value',
  'batch.v1.PodFailurePolicy.rules',
  'discovery.v1.Endpoint.addresses',
  'discovery.v1.EndpointSlice.endpoints',
  'discovery.v1.ForZone.name',
  'events.v1.Event.eventTime',
  // Rules tell of them where they count: nobody looks at those of templates.
  'meta.v1.OwnerReference.apiVersion',
  'meta.v1.OwnerReference.kind',
  'meta.v1.OwnerReference.name',
  'meta.v1.OwnerReference.uid',
  'resource.v1.DeviceCapacity.value',
  'resource.v1.ResourcePool.generation',
  'storage.v1.CSINodeSpec.drivers',
  'storage.v1.TokenRequest.audience',
  'authentication.v1.TokenReviewSpec.token',
  'authentication.v1.TokenRequestSpec.audiences',
])

/** @returns whether the absence of a field that the document requires is the same as its zero value */
export const isZeroFine = (schemaId: string, field: string): boolean => ZERO_IS_FINE.has(`${schemaId}.${field}`)

/** Those of which rules of their own tell more. */
const TOLD_ELSEWHERE = new Set([
  'admissionregistration.v1.AuditAnnotation.key',
  'admissionregistration.v1.MutatingWebhook.clientConfig',
  'admissionregistration.v1.MutatingWebhook.name',
  'admissionregistration.v1.MutatingWebhook.sideEffects',
  'admissionregistration.v1.ServiceReference.name',
  'admissionregistration.v1.ServiceReference.namespace',
  'admissionregistration.v1.ValidatingWebhook.clientConfig',
  'admissionregistration.v1.ValidatingWebhook.name',
  'admissionregistration.v1.ValidatingWebhook.sideEffects',
  'apps.v1.DaemonSetSpec.selector',
  'autoscaling.v2.ContainerResourceMetricSource.container',
  'autoscaling.v2.ContainerResourceMetricSource.name',
  'autoscaling.v2.MetricIdentifier.name',
  'autoscaling.v2.MetricTarget.type',
  'autoscaling.v2.ResourceMetricSource.name',
  'batch.v1.SuccessPolicy.rules',
  'core.v1.ContainerResizePolicy.resourceName',
  'core.v1.ContainerResizePolicy.restartPolicy',
  'core.v1.GRPCAction.port',
  'core.v1.HTTPGetAction.port',
  'core.v1.HTTPHeader.name',
  'core.v1.NodeSelector.nodeSelectorTerms',
  'core.v1.PodSchedulingGate.name',
  'core.v1.ResourceClaim.name',
  'core.v1.ScopedResourceSelectorRequirement.operator',
  'core.v1.ScopedResourceSelectorRequirement.scopeName',
  'core.v1.TCPSocketAction.port',
  'core.v1.TypedLocalObjectReference.kind',
  'core.v1.TypedLocalObjectReference.name',
  // Of nodes, they are told below the metadata.
  'core.v1.Taint.effect',
  'core.v1.Taint.key',
  'flowcontrol.v1.GroupSubject.name',
  'flowcontrol.v1.ServiceAccountSubject.name',
  'flowcontrol.v1.ServiceAccountSubject.namespace',
  'flowcontrol.v1.UserSubject.name',
  'meta.v1.LabelSelectorRequirement.key',
  'meta.v1.LabelSelectorRequirement.operator',
  'networking.v1.IngressServiceBackend.name',
  'resource.v1.CELDeviceSelector.expression',
  'resource.v1.CapacityRequestPolicyRange.min',
  'resource.v1.DeviceSubRequest.deviceClassName',
  'resource.v1.DeviceSubRequest.name',
  'resource.v1.ExactDeviceRequest.deviceClassName',
])

/** Types of which rules tell all: of several sources of a volume only the first one counts. */
const RULED = new Set([
  'apiextensions.v1.CustomResourceDefinitionSpec',
  'core.v1.PersistentVolumeSpec',
  'core.v1.Volume',
])

const isTold = (name: string): boolean => !ZERO_IS_FINE.has(name) && !TOLD_ELSEWHERE.has(name)

const checks = new Map<string, Check | null>()

/** @returns the check of a type, or null when nothing below it is required. */
function checkOf(schemaId: string, building: Set<string>): Check | null {
  const known = checks.get(schemaId)
  if (known !== undefined) return known
  if (RULED.has(schemaId)) return null
  // A cycle: resolve through the map when it runs.
  if (building.has(schemaId)) return (value, path, errors) => checks.get(schemaId)?.(value, path, errors)
  building.add(schemaId)
  const needed: string[] = []
  const nested: [string, Check][] = []
  for (const [field, fact] of Object.entries(typeFact(schemaId).fields)) {
    if (field === 'status' && typeFact(schemaId).gvk) continue
    // A template's metadata is looked at when something is made of it.
    if (fact.r === 'meta.v1.ObjectMeta' && !typeFact(schemaId).gvk) continue
    if (fact.req && isTold(`${schemaId}.${field}`)) needed.push(field)
    const check = nestedCheck(fact, building)
    if (check) nested.push([field, check])
  }
  const check: Check = (value, path, errors) => {
    if (!isObject(value)) return
    const prefix = path ? `${path}.` : ''
    for (const field of needed) if (getField(value, field) === undefined) errors.push(required(prefix + field))
    for (const [field, inner] of nested) {
      const given = getField(value, field)
      if (given !== undefined) inner(given, prefix + field, errors)
    }
  }
  building.delete(schemaId)
  const result = needed.length + nested.length === 0 ? null : check
  checks.set(schemaId, result)
  return result
}

function nestedCheck(fact: FieldFact, building: Set<string>): Check | null {
  if (fact.t === 'ref') return checkOf(fact.r ?? '', building)
  if (!fact.i || (fact.t !== 'array' && fact.t !== 'map')) return null
  const inner = nestedCheck(fact.i, building)
  if (!inner) return null
  return (value, path, errors) => {
    if (Array.isArray(value)) value.forEach((item, i) => inner(item, `${path}[${i}]`, errors))
    else if (isObject(value))
      for (const key of Object.keys(value)) inner(getField(value, key), `${path}[${key}]`, errors)
  }
}

/**
 * @param object decoded, with defaults filled in
 * @returns one `Required value` per missing field
 */
export function requiredErrors(schemaId: string, object: unknown): FieldError[] {
  const errors: FieldError[] = []
  checkOf(schemaId, new Set())?.(object, '', errors)
  return errors
}
