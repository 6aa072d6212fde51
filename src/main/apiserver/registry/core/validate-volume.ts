// What PersistentVolumes and their claims must look like.
import type {
  CSIPersistentVolumeSource,
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeSpec,
} from '../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../shared/machinery/deep-equal.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain } from '../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../shared/machinery/quantity.ts'
import { isEmpty, list, lookup, sortedEntries } from '../support/collections.ts'
import { immutable, obey, optionalOneOf, requiredAnd, requiredText } from '../support/rules.ts'
import { csiDriverName } from '../storage/validate-csi.ts'
import { validateForeignSource } from './foreign-volumes.ts'
import { noBacksteps } from './pod/paths.ts'
import { validateNodeSelector } from './pod/validate-affinity.ts'
import { validateHostPath, validateNFS } from './pod/validate-volumes.ts'
import { VOLUME_MODES, positiveStorage, validateAccessModes, validateClaimSpec } from './validate-claim-spec.ts'

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain']

/** Fields of the spec that say what the volume is made of. */
const SOURCES = (
  'hostPath gcePersistentDisk awsElasticBlockStore glusterfs flocker nfs rbd quobyte cephfs iscsi cinder fc flexVolume ' +
  'azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk scaleIO local storageos csi'
).split(' ')

const given = (spec: PersistentVolumeSpec) =>
  SOURCES.filter(source => (spec as unknown as Readonly<Record<string, unknown>>)[source] !== undefined)

/** Where upstream's messages name a source by another name. */
const NAMES: Readonly<Record<string, string>> = { cephfs: 'cephFS' }
/** It is not counted among the sources that are too many. */
const NEVER_TOO_MANY = 'flexVolume'

const SECRETS = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeExpandSecretRef',
] as const

const csiErrors = (path: string, csi: CSIPersistentVolumeSource): FieldError[] => [
  ...csiDriverName(`${path}.driver`, csi.driver),
  ...requiredText(`${path}.volumeHandle`, csi.volumeHandle),
  ...SECRETS.flatMap(field => {
    const secret = csi[field]
    if (!secret) return []
    const at = `${path}.${field}`
    return [
      ...requiredAnd(`${at}.name`, secret.name, dns1123Subdomain),
      ...requiredAnd(`${at}.namespace`, secret.namespace, dns1123Label),
    ]
  }),
]

type Check = (path: string, spec: PersistentVolumeSpec) => FieldError[]

/** Of those that can be mounted here. */
const CHECKS: Readonly<Record<string, Check>> = {
  hostPath: (path, { hostPath }) => (hostPath ? validateHostPath(path, hostPath) : []),
  nfs: (path, { nfs }) => (nfs ? validateNFS(path, nfs) : []),
  csi: (path, { csi }) => (csi ? csiErrors(path, csi) : []),
  local: (path, { local, nodeAffinity }) => [
    ...(local?.path ? noBacksteps(`${path}.path`, local.path) : [required(`${path}.path`)]),
    ...(nodeAffinity?.required ? [] : [required('spec.nodeAffinity', 'Local volume requires node affinity')]),
  ],
}

function sourceErrors(spec: PersistentVolumeSpec, name: string): FieldError[] {
  const sources = given(spec)
  if (sources.length === 0) return [required('spec', 'must specify a volume type')]
  const errors = sources.flatMap((source, i) => {
    if (i > 0 && source !== NEVER_TOO_MANY)
      return [forbiddenField(`spec.${NAMES[source] ?? source}`, 'may not specify more than 1 volume type')]
    const at = `spec.${source}`
    return CHECKS[source]?.(at, spec) ?? validateForeignSource(at, source, spec, { name, inPod: false })
  })
  if (spec.hostPath && spec.hostPath.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle')
    errors.push(
      forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
    )
  return errors
}

export function validatePersistentVolume({ metadata, spec }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = []
  if (list(spec.accessModes).length === 0) errors.push(required('spec.accessModes'))
  errors.push(...validateAccessModes('spec.accessModes', spec.accessModes))
  if (isEmpty(spec.capacity)) errors.push(required('spec.capacity'))
  if (lookup(spec.capacity, 'storage') === undefined || Object.keys(spec.capacity ?? {}).length > 1)
    errors.push(notSupported('spec.capacity', spec.capacity ?? null, ['storage']))
  for (const [name, amount] of sortedEntries(spec.capacity))
    errors.push(...positiveStorage(`spec.capacity[${name}]`, amount))
  errors.push(
    ...optionalOneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, RECLAIM_POLICIES),
  )
  if (spec.nodeAffinity && !spec.nodeAffinity.required)
    errors.push(required('spec.nodeAffinity.required', 'must specify required node constraints'))
  errors.push(...validateNodeSelector('spec.nodeAffinity.required', spec.nodeAffinity?.required))
  errors.push(...sourceErrors(spec, metadata.name))
  if (spec.storageClassName) errors.push(...obey('spec.storageClassName', spec.storageClassName, dns1123Subdomain))
  errors.push(...optionalOneOf('spec.volumeMode', spec.volumeMode, VOLUME_MODES))
  const attributes = spec.volumeAttributesClassName
  if (attributes === '') errors.push(required('spec.volumeAttributesClassName', 'an empty string is disallowed'))
  else if (attributes) errors.push(...obey('spec.volumeAttributesClassName', attributes, dns1123Subdomain))
  if (attributes !== undefined && !spec.csi)
    errors.push(required('spec.csi', 'has to be specified when using volumeAttributesClassName'))
  return errors
}

const source = (spec: PersistentVolumeSpec) =>
  Object.fromEntries(given(spec).map(name => [name, (spec as unknown as Readonly<Record<string, unknown>>)[name]]))

/** The secret that grows a volume may be told later. */
function withoutNewSecret(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): PersistentVolumeSpec {
  if (!spec.csi || !old.csi || old.csi.controllerExpandSecretRef) return spec
  const { controllerExpandSecretRef: _secret, ...csi } = spec.csi
  return { ...spec, csi }
}

export function validatePersistentVolumeUpdate(
  { spec }: PersistentVolume,
  { spec: old }: PersistentVolume,
): FieldError[] {
  const errors: FieldError[] = []
  if (!deepEqual(source(withoutNewSecret(spec, old)), source(old)))
    errors.push(
      forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
    )
  errors.push(...immutable('volumeMode', spec.volumeMode, old.volumeMode))
  if (old.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined)
    errors.push(forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'))
  if (old.nodeAffinity && !deepEqual(spec.nodeAffinity, old.nodeAffinity))
    errors.push(
      invalidValue(
        'nodeAffinity',
        spec.nodeAffinity ?? null,
        'field is immutable, except for updating from beta label to GA',
      ),
    )
  return errors
}

export const validatePersistentVolumeClaim = (
  { spec }: PersistentVolumeClaim,
  old?: PersistentVolumeClaim,
): FieldError[] => validateClaimSpec('spec', spec, !old)

/** What is not there is nothing. */
const less = (a: string | number = 0, b: string | number = 0) =>
  isQuantity(a) && isQuantity(b) && parseQuantity(a).compare(parseQuantity(b)) < 0

/** A claim gets its volume once; later it may only grow. */
export function validatePersistentVolumeClaimUpdate(
  claim: PersistentVolumeClaim,
  before: PersistentVolumeClaim,
): FieldError[] {
  const { spec } = claim
  const { spec: old, status } = before
  const bound = status.phase === 'Bound'
  const rest = (given: PersistentVolumeClaim['spec']) => {
    const { resources, volumeAttributesClassName, volumeName, storageClassName, ...fixed } = given
    const { requests, ...resourcesRest } = resources ?? {}
    const { storage: _storage, ...otherRequests } = requests ?? {}
    return {
      ...fixed,
      resourcesRest,
      otherRequests,
      // Another one is for volumes that there are.
      ...(bound ? {} : { volumeAttributesClassName }),
      ...(old.volumeName ? { volumeName } : {}),
      ...(old.storageClassName === undefined ? {} : { storageClassName }),
    }
  }
  const errors: FieldError[] = []
  const size = lookup(spec.resources?.requests, 'storage')
  const oldSize = lookup(old.resources?.requests, 'storage')
  const resized = !deepEqual(size, oldSize)
  if (!deepEqual(rest(spec), rest(old)) || (resized && !bound))
    errors.push(
      forbiddenField(
        'spec',
        'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
      ),
    )
  if (less(size, oldSize) && !less(lookup(status.capacity, 'storage'), size))
    errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than status.capacity'))
  if (spec.volumeMode !== old.volumeMode)
    errors.push(invalidValue('volumeMode', spec.volumeMode ?? null, 'field is immutable'))
  if (status.currentVolumeAttributesClassName !== undefined && !spec.volumeAttributesClassName) {
    const what = spec.volumeAttributesClassName === undefined ? 'nil' : 'empty string'
    const why = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`
    errors.push(forbiddenField('spec.volumeAttributesClassName', why))
  }
  return errors
}
