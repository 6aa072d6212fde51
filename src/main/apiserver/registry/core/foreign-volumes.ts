// Sources of volumes that no node here can mount, in pods and in PersistentVolumes: they are checked and kept.
import type { PersistentVolumeSpec, Volume } from '../../../../shared/api/core/v1.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../../../shared/machinery/field-error.ts'
import { dns1123Label } from '../../../../shared/machinery/names.ts'
import { list, sortedEntries } from '../support/collections.ts'
import { between, obey, optionalOneOf, requiredAnd, requiredText } from '../support/rules.ts'

/** In pods a secret is in the pod's namespace, elsewhere it names its own. */
type Secret = { name?: string; namespace?: string } | undefined
type Either<Source extends keyof PersistentVolumeSpec & keyof Volume> =
  NonNullable<PersistentVolumeSpec[Source]> | NonNullable<Volume[Source]>

export interface Holder {
  /** Of the volume. */
  readonly name: string
  readonly inPod: boolean
}

const TOO_LONG =
  'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'
const MAX_PORTAL = 64
const MAX_TENANT = 64
const INITIATORS: Readonly<Record<string, RegExp>> = {
  iqn: /^iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
}
const HOST_AND_PORT = /^(\[[^[\]]*\]|[^:[\]]*):[^:[\]]*$/
const DISK = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const BLOB = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

function initiator(path: string, value: string, { inPod }: Holder): FieldError[] {
  const pattern = INITIATORS[value.slice(0, 3)]
  if (pattern?.test(value)) return []
  const starts = inPod && !pattern ? ' starting with iqn, eui, or naa' : ''
  return [invalidValue(path, value, `must be valid format${starts}`)]
}

function iscsiErrors(path: string, iscsi: Either<'iscsi'>, holder: Holder): FieldError[] {
  const { targetPortal = '', iqn, lun = 0, initiatorName, secretRef } = iscsi as Partial<Either<'iscsi'>>
  const secret: Secret = secretRef
  const long = initiatorName !== undefined && `${holder.name}:${targetPortal}`.length > MAX_PORTAL
  return [
    ...requiredText(`${path}.targetPortal`, targetPortal),
    ...(long && !holder.inPod ? [invalidValue(`${path}.targetportal`, targetPortal, TOO_LONG)] : []),
    ...(iqn ? initiator(`${path}.iqn`, iqn, holder) : [required(`${path}.iqn`)]),
    ...obey(`${path}.lun`, lun, between(0, 255)),
    ...((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !secret ? [required(`${path}.secretRef`)] : []),
    ...(secret && !holder.inPod ? requiredText(`${path}.secretRef.name`, secret.name) : []),
    ...(initiatorName === undefined ? [] : initiator(`${path}.initiatorname`, initiatorName, holder)),
    ...(long && holder.inPod ? [invalidValue(path.replace(/iscsi$/, 'name'), holder.name, TOO_LONG)] : []),
  ]
}

function fcErrors(path: string, { targetWWNs, wwids, lun }: Either<'fc'>): FieldError[] {
  const [names, ids] = [list(targetWWNs), list(wwids)]
  const at = `${path}.targetWWNs`
  if (names.length === 0)
    return ids.length > 0 ? [] : [required(at, 'must specify either targetWWNs or wwids, but not both')]
  return [
    ...(ids.length > 0 ? [invalidValue(at, names, 'targetWWNs and wwids can not be specified simultaneously')] : []),
    ...(lun === undefined
      ? [required(`${path}.lun`, 'lun is required if targetWWNs is specified')]
      : obey(`${path}.lun`, lun, between(0, 255))),
  ]
}

function quobyteErrors(path: string, { registry, tenant = '', volume }: Either<'quobyte'>): FieldError[] {
  const pairs = 'must be a host:port pair or multiple pairs separated by commas'
  const at = `${path}.registry`
  const errors = !registry
    ? [required(at, pairs)]
    : tenant.length > MAX_TENANT
      ? [required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')]
      : registry
          .split(',')
          .filter(pair => !HOST_AND_PORT.test(pair))
          .map(() => invalidValue(at, registry, pairs))
  return [...errors, ...requiredText(`${path}.volume`, volume)]
}

function flockerErrors(path: string, { datasetName = '', datasetUUID = '' }: Either<'flocker'>): FieldError[] {
  const errors: FieldError[] = []
  if (!datasetName && !datasetUUID) errors.push(required(path, 'one of datasetName and datasetUUID is required'))
  if (datasetName && datasetUUID)
    errors.push(invalidValue(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  if (datasetName.includes('/')) errors.push(invalidValue(`${path}.datasetName`, datasetName, "must not contain '/'"))
  return errors
}

function flexErrors(path: string, { driver, options }: Either<'flexVolume'>): FieldError[] {
  const reserved = sortedEntries(options).filter(([key]) =>
    /(^|\.)(kubernetes|k8s)\.io$/i.test(key.split('/', 1)[0] ?? ''),
  )
  return [
    ...requiredText(`${path}.driver`, driver),
    ...reserved.map(([key]) =>
      invalidValue(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved'),
    ),
  ]
}

function azureDiskErrors(path: string, disk: Either<'azureDisk'>): FieldError[] {
  const { diskName, diskURI = '', cachingMode, kind } = disk as Partial<Either<'azureDisk'>>
  const [start, form] = kind === 'Managed' ? ['/subscriptions/', DISK] : ['https://', BLOB]
  return [
    ...requiredText(`${path}.diskName`, diskName),
    ...requiredText(`${path}.diskURI`, diskURI),
    ...optionalOneOf(`${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']),
    ...optionalOneOf(`${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared']),
    ...(kind === undefined || diskURI.startsWith(start) ? [] : [notSupported(`${path}.diskURI`, diskURI, [form])]),
  ]
}

const partition = (path: string, number: number | undefined): FieldError[] =>
  number === undefined || (number >= 0 && number <= 255)
    ? []
    : [invalidValue(`${path}.partition`, number, 'must be between 1 and 255, inclusive')]

const secretErrors = (path: string, secret: Secret, { inPod }: Holder): FieldError[] =>
  secret
    ? [
        ...requiredText(`${path}.secretRef.name`, secret.name),
        ...(inPod ? [] : requiredText(`${path}.secretRef.namespace`, secret.namespace)),
      ]
    : []

type Check<Source> = (path: string, source: Source, holder: Holder) => FieldError[]
type Sources = keyof PersistentVolumeSpec & keyof Volume

const CHECKS: { readonly [Source in Sources]?: Check<Either<Source>> } = {
  gcePersistentDisk: (path, disk) => {
    const at = path.replace(/gcePersistentDisk$/, 'persistentDisk')
    return [...requiredText(`${at}.pdName`, disk.pdName), ...partition(at, disk.partition)]
  },
  awsElasticBlockStore: (path, disk) => [
    ...requiredText(`${path}.volumeID`, disk.volumeID),
    ...partition(path, disk.partition),
  ],
  iscsi: iscsiErrors,
  fc: fcErrors,
  quobyte: quobyteErrors,
  flocker: flockerErrors,
  flexVolume: flexErrors,
  azureDisk: azureDiskErrors,
  glusterfs: (path, files) => [
    ...requiredText(`${path}.endpoints`, files.endpoints),
    ...requiredText(`${path}.path`, files.path),
    ...('endpointsNamespace' in files && files.endpointsNamespace !== undefined
      ? files.endpointsNamespace
        ? obey(`${path}.endpointsNamespace`, files.endpointsNamespace, dns1123Label)
        : [
            invalidValue(
              `${path}.endpointsNamespace`,
              '',
              'if the endpointnamespace is set, it must be a valid namespace name',
            ),
          ]
      : []),
  ],
  rbd: (path, { monitors, image }) => [
    ...(list(monitors).length > 0 ? [] : [required(`${path}.monitors`)]),
    ...requiredText(`${path}.image`, image),
  ],
  cinder: (path, disk, holder) => [
    ...requiredText(`${path}.volumeID`, disk.volumeID),
    ...secretErrors(path, disk.secretRef, holder),
  ],
  cephfs: (path, { monitors }) => (list(monitors).length > 0 ? [] : [required(`${path}.monitors`)]),
  azureFile: (path, share) => [
    ...requiredText(`${path}.secretName`, share.secretName),
    ...requiredText(`${path}.shareName`, share.shareName),
    ...('secretNamespace' in share ? requiredText(`${path}.secretNamespace`, share.secretNamespace) : []),
  ],
  vsphereVolume: (path, { volumePath }) => requiredText(`${path}.volumePath`, volumePath),
  photonPersistentDisk: (path, { pdID }) => requiredText(`${path}.pdID`, pdID),
  portworxVolume: (path, { volumeID }) => requiredText(`${path}.volumeID`, volumeID),
  scaleIO: (path, { gateway, system, volumeName }) => [
    ...requiredText(`${path}.gateway`, gateway),
    ...requiredText(`${path}.system`, system),
    ...requiredText(`${path}.volumeName`, volumeName),
  ],
  storageos: (path, { volumeName, volumeNamespace, secretRef }, holder) => [
    ...requiredAnd(`${path}.volumeName`, volumeName, dns1123Label),
    ...(volumeNamespace ? obey(`${path}.volumeNamespace`, volumeNamespace, dns1123Label) : []),
    ...secretErrors(path, secretRef, holder),
  ],
}

/** @param source the name of one that is given */
export function validateForeignSource(
  path: string,
  source: string,
  given: PersistentVolumeSpec | Volume,
  holder: Holder,
): FieldError[] {
  const check = Object.hasOwn(CHECKS, source) ? (CHECKS[source as Sources] as Check<unknown> | undefined) : undefined
  return check?.(path, given[source as keyof typeof given], holder) ?? []
}
