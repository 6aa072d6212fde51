// Volumes of pods: a name and one source each.
import type {
  EphemeralVolumeSource,
  HostPathVolumeSource,
  NFSVolumeSource,
  Volume,
} from '../../../../../shared/api/core/v1.ts'
import type { ObjectMeta } from '../../../../../shared/api/meta/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { dns1123Label, dns1123Subdomain } from '../../../../../shared/machinery/names.ts'
import { isQuantity, parseQuantity } from '../../../../../shared/machinery/quantity.ts'
import { list } from '../../support/collections.ts'
import { fileMode, obey, optionalOneOf, requiredAnd, requiredText } from '../../support/rules.ts'
import { validateForeignSource } from '../foreign-volumes.ts'
import { validateClaimSpec } from '../validate-claim-spec.ts'
import { csiDriverName } from '../../storage/validate-csi.ts'
import { validateTemplateMetadata } from '../../support/template-metadata.ts'
import { descendingPath, noBacksteps } from './paths.ts'
import type { Volumes } from './validate-mounts.ts'
import { validateDownwardFile, validateItems } from './validate-items.ts'
import { validateProjected } from './validate-projected.ts'

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

export const validateHostPath = (path: string, { path: target, type }: HostPathVolumeSource): FieldError[] =>
  target
    ? [...noBacksteps(`${path}.path`, target), ...optionalOneOf(`${path}.type`, type, HOST_PATH_TYPES)]
    : [required(`${path}.path`)]

export const validateNFS = (path: string, nfs: NFSVolumeSource): FieldError[] => [
  ...requiredText(`${path}.server`, nfs.server),
  ...requiredText(`${path}.path`, nfs.path),
  ...(nfs.path?.startsWith('/') ? [] : [invalidValue(`${path}.path`, nfs.path ?? '', 'must be an absolute path')]),
]

function ephemeralErrors(path: string, { volumeClaimTemplate: template }: EphemeralVolumeSource): FieldError[] {
  if (!template) return [required(`${path}.volumeClaimTemplate`)]
  const at = `${path}.volumeClaimTemplate`
  return [
    ...validateTemplateMetadata(`${at}.metadata`, template.metadata),
    ...validateClaimSpec(`${at}.spec`, template.spec),
  ]
}

/** What is wrong with the name is told beside the reference. */
const secretErrors = (path: string, secret: { name?: string } | undefined): FieldError[] =>
  !secret
    ? []
    : secret.name
      ? obey(`${path}.name`, secret.name, dns1123Subdomain)
      : [required(`${path}.nodePublishSecretRef.name`)]

type Check = (path: string, volume: Volume) => FieldError[]

const SOURCES: Readonly<Record<string, Check>> = {
  emptyDir: (path, { emptyDir }) => {
    const limit = emptyDir?.sizeLimit
    return limit !== undefined && isQuantity(limit) && parseQuantity(limit).value() < 0
      ? [forbiddenField(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : []
  },
  hostPath: (path, { hostPath }) => (hostPath ? validateHostPath(path, hostPath) : []),
  secret: (path, { secret }) => [
    ...requiredText(`${path}.secretName`, secret?.secretName),
    ...fileMode(`${path}.defaultMode`, secret?.defaultMode),
    ...validateItems(`${path}.items`, secret?.items),
  ],
  configMap: (path, { configMap }) => [
    ...requiredText(`${path}.name`, configMap?.name),
    ...fileMode(`${path}.defaultMode`, configMap?.defaultMode),
    ...validateItems(`${path}.items`, configMap?.items),
  ],
  downwardAPI: (path, { downwardAPI }) => [
    ...fileMode(`${path}.defaultMode`, downwardAPI?.defaultMode),
    ...list(downwardAPI?.items).flatMap(file => validateDownwardFile(path, file)),
  ],
  projected: (path, { projected }) => (projected ? validateProjected(path, projected) : []),
  persistentVolumeClaim: (path, { persistentVolumeClaim: claim }) =>
    requiredText(`${path}.claimName`, claim?.claimName),
  nfs: (path, { nfs }) => (nfs ? validateNFS(path, nfs) : []),
  csi: (path, { csi }) => [
    ...csiDriverName(`${path}.driver`, csi?.driver),
    ...secretErrors(path, csi?.nodePublishSecretRef),
  ],
  ephemeral: (path, { ephemeral }) => (ephemeral ? ephemeralErrors(path, ephemeral) : []),
  image: (path, { image }) => [
    ...requiredText(`${path}.reference`, image?.reference),
    ...optionalOneOf(`${path}.pullPolicy`, image?.pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ],
  gitRepo: (path, { gitRepo }) => [
    ...requiredText(`${path}.repository`, gitRepo?.repository),
    ...descendingPath(`${path}.directory`, gitRepo?.directory ?? ''),
  ],
}

/** The order in which upstream looks at the sources: the first one counts, the others are too many. */
const ORDER = (
  'emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker ' +
  'persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc flexVolume configMap azureFile vsphereVolume ' +
  'photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral image'
).split(' ')

/** Where upstream's messages name a source by another name. */
const NAMES: Readonly<Record<string, string>> = { downwardAPI: 'downwarAPI', cephfs: 'cephFS' }

function sourceErrors(path: string, volume: Volume): FieldError[] {
  const errors: FieldError[] = []
  const given = volume as unknown as Readonly<Record<string, unknown>>
  let found = false
  for (const source of ORDER) {
    if (given[source] === undefined) continue
    const at = `${path}.${source}`
    if (found)
      errors.push(forbiddenField(`${path}.${NAMES[source] ?? source}`, 'may not specify more than 1 volume type'))
    else if (SOURCES[source]) errors.push(...SOURCES[source](at, volume))
    else errors.push(...validateForeignSource(at, source, volume, { name: volume.name ?? '', inPod: true }))
    found = true
  }
  if (!found) errors.push(required(path, 'must specify a volume type'))
  return errors
}

/** @returns the valid volumes by name, for the mounts, and what is wrong with the others */
export function validateVolumes(
  path: string,
  volumes: readonly Volume[] | undefined,
  meta: ObjectMeta | undefined,
): { volumes: Volumes; errors: FieldError[] } {
  const valid = new Map<string, Volume>()
  const errors: FieldError[] = []
  const created = new Set(
    meta?.name ? list(volumes).flatMap(({ ephemeral, name }) => (ephemeral ? `${meta.name}-${name}` : [])) : [],
  )
  for (const [i, volume] of list(volumes).entries()) {
    const at = `${path}[${i}]`
    const wrong = sourceErrors(at, volume)
    if (volume.ephemeral && meta?.name && volume.name) {
      const claim = `${meta.name}-${volume.name}`
      for (const message of dns1123Subdomain(claim))
        wrong.push(invalidValue(`${at}.name`, volume.name, `PVC name "${claim}": ${message}`))
    }
    wrong.push(...requiredAnd(`${at}.name`, volume.name, name => dns1123Label(name)))
    if (valid.has(volume.name)) wrong.push(duplicate(`${at}.name`, volume.name))
    if (wrong.length === 0) valid.set(volume.name, volume)
    errors.push(...wrong)
    const claimName = volume.persistentVolumeClaim?.claimName
    if (claimName !== undefined && created.has(claimName))
      errors.push(
        invalidValue(
          `${at}.persistentVolumeClaim.claimName`,
          claimName,
          'must not reference a PVC that gets created for an ephemeral volume',
        ),
      )
  }
  return { volumes: valid, errors }
}
