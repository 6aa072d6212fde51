// AppArmor profiles were told by annotations once. A new pod's become fields, which are what its node goes by.
// @see https://kubernetes.io/docs/tutorials/security/apparmor/
import type { AppArmorProfile, Pod } from '../../../../../shared/api/core/v1.ts'
import { deepEqual } from '../../../../../shared/machinery/deep-equal.ts'
import { getField } from '../../../../../shared/machinery/json-object.ts'
import { list } from '../../support/collections.ts'
import { validateAppArmor } from './validate-security.ts'

export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'
export const APP_ARMOR_WARNING = 'deprecated since v1.30; use the "appArmorProfile" field instead'

const LOCALHOST = 'localhost/'

/** @returns undefined for what says nothing that a field could say */
export function profileOfAnnotation(text: unknown): AppArmorProfile | undefined {
  if (text === 'unconfined') return { type: 'Unconfined' }
  if (text === 'runtime/default') return { type: 'RuntimeDefault' }
  if (typeof text !== 'string' || !text.startsWith(LOCALHOST)) return undefined
  const profile = { type: 'Localhost', localhostProfile: text.slice(LOCALHOST.length) }
  return validateAppArmor('', profile).length > 0 ? undefined : profile
}

/** Containers that have a field of their own keep it. */
export function takeAppArmorAnnotations({ metadata: { annotations }, spec }: Pod, warn: (text: string) => void): void {
  if (!annotations || spec.os?.name === 'windows') return
  const containers = [...list(spec.initContainers), ...list(spec.containers), ...list(spec.ephemeralContainers)]
  for (const container of containers) {
    const text = getField(annotations, APP_ARMOR + container.name)
    if (text === undefined || container.securityContext?.appArmorProfile) continue
    const profile = profileOfAnnotation(text)
    if (profile && deepEqual(profile, spec.securityContext?.appArmorProfile)) continue
    if (profile) container.securityContext = { ...container.securityContext, appArmorProfile: profile }
    warn(`metadata.annotations[${APP_ARMOR}${container.name}]: ${APP_ARMOR_WARNING}`)
  }
}
