// Volume mounts and raw devices of containers.
import type { Container, Volume, VolumeMount } from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notFoundValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { list } from '../../support/collections.ts'
import { descendingPath, noBacksteps } from './paths.ts'

/** The valid volumes of the pod by name. */
export type Volumes = ReadonlyMap<string, Volume>

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']
const RECURSIVE = ['Disabled', 'Enabled', 'IfPossible']

function propagationErrors(path: string, mount: VolumeMount, container: Pick<Container, 'securityContext'>) {
  const errors: FieldError[] = []
  const { mountPropagation: propagation } = mount
  if (propagation === undefined) return errors
  if (!PROPAGATIONS.includes(propagation)) errors.push(notSupported(path, propagation, PROPAGATIONS))
  if (propagation === 'Bidirectional' && !container.securityContext?.privileged)
    errors.push(forbiddenField(path, 'Bidirectional mount propagation is available only to privileged containers'))
  return errors
}

function recursiveReadOnlyErrors(path: string, mount: VolumeMount): FieldError[] {
  const { recursiveReadOnly: mode } = mount
  if (mode === undefined || mode === 'Disabled') return []
  if (!RECURSIVE.includes(mode)) return [notSupported(path, mode, RECURSIVE)]
  const errors: FieldError[] = []
  if (!mount.readOnly) errors.push(forbiddenField(path, 'may only be specified when readOnly is true'))
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None')
    errors.push(forbiddenField(path, 'may only be specified when mountPropagation is None or not specified'))
  return errors
}

export function validateVolumeMounts(
  path: string,
  container: Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>,
  volumes: Volumes,
): FieldError[] {
  if (!container.volumeMounts?.length) return []
  const devices = new Set(list(container.volumeDevices).map(({ name }) => name))
  const devicePaths = new Set(list(container.volumeDevices).map(({ devicePath }) => devicePath))
  const mountPoints = new Set<string>()
  return list(container.volumeMounts).flatMap((mount, i) => {
    const at = `${path}[${i}]`
    const { name = '', mountPath = '', subPath, subPathExpr } = mount
    const errors: FieldError[] = []
    if (!name) errors.push(required(`${at}.name`))
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name))
    if (!mountPath) errors.push(required(`${at}.mountPath`))
    if (mountPoints.has(mountPath)) errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must be unique'))
    mountPoints.add(mountPath)
    if (devices.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeDevices'))
    if (devicePaths.has(mountPath))
      errors.push(invalidValue(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    if (subPath) errors.push(...descendingPath(`${path}.subPath`, subPath))
    if (subPathExpr) {
      if (subPath)
        errors.push(invalidValue(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
      errors.push(...descendingPath(`${path}.subPathExpr`, subPathExpr))
    }
    errors.push(...propagationErrors(`${path}.mountPropagation`, mount, container))
    errors.push(...recursiveReadOnlyErrors(`${path}.recursiveReadOnly`, mount))
    return errors
  })
}

export function validateVolumeDevices(
  path: string,
  container: Pick<Container, 'volumeMounts' | 'volumeDevices'>,
  volumes: Volumes,
): FieldError[] {
  if (!container.volumeDevices?.length) return []
  const mounts = new Set(list(container.volumeMounts).map(({ name }) => name))
  const mountPaths = new Set(list(container.volumeMounts).map(({ mountPath }) => mountPath))
  const names = new Set<string>()
  const paths = new Set<string>()
  return list(container.volumeDevices).flatMap(({ name = '', devicePath = '' }, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = []
    const volume = volumes.get(name)
    if (!name) errors.push(required(`${at}.name`))
    if (names.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must be unique'))
    if (!volume) errors.push(notFoundValue(`${at}.name`, name))
    else if (!volume.persistentVolumeClaim && !volume.ephemeral)
      errors.push(
        invalidValue(
          `${at}.name`,
          name,
          'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        ),
      )
    if (!devicePath) errors.push(required(`${at}.devicePath`))
    if (paths.has(devicePath)) errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must be unique'))
    if (devicePath && noBacksteps(path, devicePath).length > 0)
      errors.push(invalidValue(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (mounts.has(name)) errors.push(invalidValue(`${at}.name`, name, 'must not already exist in volumeMounts'))
    if (mountPaths.has(devicePath))
      errors.push(invalidValue(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    if (name) names.add(name)
    return errors
  })
}
