// Security contexts of pods and containers.
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from '../../../../../shared/api/core/v1.ts'
import {
  type FieldError,
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../../../shared/machinery/field-error.ts'
import { list } from '../../support/collections.ts'
import { MAX_INT32, between, each, obey, optionalOneOf } from '../../support/rules.ts'
import { descendingPath } from './paths.ts'
import { validateWindowsOptions } from './validate-windows.ts'

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined']
const SYSCTL =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'

const id = (path: string, value: number | undefined) =>
  value === undefined ? [] : obey(path, value, between(0, MAX_INT32))

export function validateSeccomp(path: string, profile: SeccompProfile | undefined): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const errors: FieldError[] = []
  if (!type) errors.push(required(`${path}.type`, 'type is required when seccompProfile is set'))
  else if (!PROFILE_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, PROFILE_TYPES))
  const at = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (localhostProfile === undefined) errors.push(required(at, 'must be set when seccomp type is Localhost'))
    else errors.push(...descendingPath(at, localhostProfile))
  } else if (localhostProfile !== undefined)
    errors.push(invalidValue(at, profile, 'can only be set when seccomp type is Localhost'))
  return errors
}

export function validateAppArmor(path: string, profile: AppArmorProfile | undefined): FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const at = `${path}.localhostProfile`
  if (type === 'Localhost') {
    if (!localhostProfile?.trim()) return [required(at, 'must be set when AppArmor type is Localhost')]
    if (localhostProfile.trim() !== localhostProfile)
      return [invalidValue(at, localhostProfile, 'must not be padded with whitespace')]
    return localhostProfile.length > 4095
      ? [{ type: 'FieldValueTooLong', field: at, message: 'Too long: may not be more than 4095 bytes' }]
      : []
  }
  if (type === 'RuntimeDefault' || type === 'Unconfined')
    return localhostProfile === undefined
      ? []
      : [invalidValue(at, localhostProfile, 'can only be set when AppArmor type is Localhost')]
  return type
    ? [notSupported(`${path}.type`, type, PROFILE_TYPES)]
    : [required(`${path}.type`, 'type is required when appArmorProfile is set')]
}

export function validateSecurityContext(
  path: string,
  context: SecurityContext | undefined,
  hostUsers: boolean,
): FieldError[] {
  if (!context) return []
  const errors: FieldError[] = [
    ...id(`${path}.runAsUser`, context.runAsUser),
    ...id(`${path}.runAsGroup`, context.runAsGroup),
  ]
  const { procMount } = context
  if (procMount !== undefined) {
    errors.push(...optionalOneOf(`${path}.procMount`, procMount, ['Default', 'Unmasked']))
    if (hostUsers && procMount === 'Unmasked')
      errors.push(invalidValue(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'))
  }
  errors.push(...validateSeccomp(`${path}.seccompProfile`, context.seccompProfile))
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged)
      errors.push(
        invalidValue(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'),
      )
    if (list(context.capabilities?.add).includes('CAP_SYS_ADMIN'))
      errors.push(
        invalidValue(
          path,
          context,
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      )
  }
  return [
    ...errors,
    ...validateWindowsOptions(`${path}.windowsOptions`, context.windowsOptions),
    ...validateAppArmor(`${path}.appArmorProfile`, context.appArmorProfile),
  ]
}

const SEGMENT = /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/

const isSysctl = (name: string) => name.length <= 253 && name.split(/[./]/).every(part => SEGMENT.test(part))

/** Sysctls outside the container's own namespaces would change the host. */
function sysctlErrors(path: string, sysctls: readonly Sysctl[] | undefined, spec: PodSpec): FieldError[] {
  const names = new Set<string>()
  return each(path, sysctls, (at, { name }) => {
    if (!name) return [required(`${at}.name`)]
    const errors = isSysctl(name) ? [] : [invalidValue(`${at}.name`, name, SYSCTL)]
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    const normal = name.replaceAll('/', '.')
    if (spec.hostNetwork && normal.startsWith('net.'))
      errors.push(invalidValue(`${at}.name`, name, "may not be specified when 'hostNetwork' is true"))
    if (spec.hostIPC && (/^kernel\.(shm|msg|sem)/.test(normal) || normal.startsWith('fs.mqueue.')))
      errors.push(invalidValue(`${at}.name`, name, "may not be specified when 'hostIPC' is true"))
    return errors
  })
}

export function validatePodSecurityContext(path: string, spec: PodSpec): FieldError[] {
  const context: PodSecurityContext | undefined = spec.securityContext
  const at = `${path}.securityContext`
  const errors: FieldError[] = []
  if (context) {
    errors.push(
      ...id(`${at}.fsGroup`, context.fsGroup),
      ...id(`${at}.runAsUser`, context.runAsUser),
      ...id(`${at}.runAsGroup`, context.runAsGroup),
      ...each(`${at}.supplementalGroups`, context.supplementalGroups, id),
    )
  }
  if (spec.shareProcessNamespace && spec.hostPID)
    errors.push(
      invalidValue(`${at}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
    )
  if (!context) return errors
  return [
    ...errors,
    ...sysctlErrors(`${at}.sysctls`, context.sysctls, spec),
    ...optionalOneOf(`${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']),
    ...validateSeccomp(`${at}.seccompProfile`, context.seccompProfile),
    ...validateWindowsOptions(`${at}.windowsOptions`, context.windowsOptions),
    ...validateAppArmor(`${at}.appArmorProfile`, context.appArmorProfile),
    ...optionalOneOf(`${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']),
    ...optionalOneOf(`${at}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['Recursive']),
  ]
}

/** A pod with users of its own cannot share namespaces that belong to the host's users. */
export function validateHostUsers(path: string, spec: PodSpec): FieldError[] {
  if (spec.hostUsers !== false) return []
  const why = 'when `hostUsers` is false'
  return [
    ...(spec.hostNetwork ? [forbiddenField(`${path}.hostNetwork`, why)] : []),
    ...(spec.hostPID ? [forbiddenField(`${path}.HostPID`, why)] : []),
    ...(spec.hostIPC ? [forbiddenField(`${path}.HostIPC`, why)] : []),
    ...(['containers', 'initContainers'] as const).flatMap(field =>
      each(`${path}.${field}`, spec[field], (at, { volumeDevices }) =>
        list(volumeDevices).length > 0 ? [forbiddenField(`${at}.volumeDevices`, why)] : [],
      ),
    ),
  ]
}
