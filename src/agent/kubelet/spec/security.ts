// Security contexts of pod and container, merged: the container's own setting wins.
import type { AppArmorProfile, Container, Pod, SeccompProfile } from '../../../shared/api/core/v1.ts'
import type { ContainerSecurity } from '../runtime/contract.ts'
import { ContainerConfigError } from './config-error.ts'

export interface SecuritySources {
  /** Reads a seccomp profile below the node's profile folder. */
  readonly readProfile: (path: string) => Promise<string>
  /** The group of a user in the image's /etc/passwd. */
  readonly primaryGroup: (user: string) => Promise<number>
}

/**
 * @param imageUser `User` of the image's config
 * @throws ContainerConfigError when runAsNonRoot cannot be kept, or a profile is not there
 */
export async function securityOf(
  pod: Pod,
  container: Container,
  imageUser: string,
  { readProfile, primaryGroup }: SecuritySources,
): Promise<ContainerSecurity> {
  const ofPod = pod.spec.securityContext ?? {}
  const own = container.securityContext ?? {}
  const uid = own.runAsUser ?? ofPod.runAsUser
  const gid = own.runAsGroup ?? ofPod.runAsGroup
  const nonRoot = own.runAsNonRoot ?? ofPod.runAsNonRoot
  if (nonRoot) assertNonRoot(pod, container, uid, imageUser)
  const strict = ofPod.supplementalGroupsPolicy === 'Strict'
  const user = strict ? await strictUser(uid, gid, imageUser, primaryGroup) : userOf(uid, gid, imageUser)
  const privileged = own.privileged ?? false
  const groups = new Set(ofPod.supplementalGroups ?? [])
  if (ofPod.fsGroup !== undefined) groups.add(ofPod.fsGroup)
  const seccomp = await seccompOf(own.seccompProfile ?? ofPod.seccompProfile, readProfile)
  const appArmor = appArmorOf(own.appArmorProfile ?? ofPod.appArmorProfile)
  const seLinux = own.seLinuxOptions ?? ofPod.seLinuxOptions
  return {
    ...(user === undefined ? {} : { user }),
    supplementalGroups: [...groups],
    privileged,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false && !privileged,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(appArmor === undefined ? {} : { appArmor }),
    ...(seLinux ? { seLinux: Object.fromEntries(Object.entries(seLinux).map(([k, v]) => [k, String(v)])) } : {}),
    unmaskedProc: own.procMount === 'Unmasked',
  }
}

function userOf(uid: number | undefined, gid: number | undefined, imageUser: string): string | undefined {
  if (uid === undefined && gid === undefined) return undefined
  const user = uid === undefined ? imageUser.split(':')[0] || '0' : String(uid)
  return gid === undefined ? user : `${user}:${gid}`
}

const MOST_UID = 2 ** 31 - 1

/** With a group given, the engine adds no groups out of the image's /etc/group. */
async function strictUser(
  uid: number | undefined,
  gid: number | undefined,
  imageUser: string,
  primaryGroup: SecuritySources['primaryGroup'],
): Promise<string> {
  const [imageName = '', imageGroup] = imageUser.split(':')
  const user = uid === undefined ? imageName || '0' : String(uid)
  const group = gid === undefined ? (uid === undefined ? imageGroup : undefined) : String(gid)
  return `${user}:${group ?? (await primaryGroup(user))}`
}

function assertNonRoot(pod: Pod, container: Container, uid: number | undefined, imageUser: string): void {
  const who = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
  if (uid === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${who}`)
  if (uid !== undefined) return
  const [name = ''] = imageUser.split(':')
  // The engine reads a number as one: `00` is root, too.
  if (name === '' || /^0+$/.test(name) || name === 'root')
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${who}`)
  if (!/^\d+$/.test(name))
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${who}`,
    )
  if (Number(name) > MOST_UID)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has an invalid user id (${name}). (Must be 1-(${MOST_UID})) ${who}`,
    )
}

/** What the engine enforces nothing by, in the place of a profile's name. */
const UNCONFINED = 'unconfined'

/** @returns what the engine is told; undefined for its default */
function appArmorOf(profile: AppArmorProfile | undefined): string | undefined {
  if (profile?.type === 'Unconfined') return UNCONFINED
  const name = profile?.type === 'Localhost' ? profile.localhostProfile : undefined
  // Who may name profiles of the node may not therefore go without one.
  if (name === UNCONFINED) throw new ContainerConfigError(`apparmor profile not found ${name}`)
  return name || undefined
}

/** Without a profile the engine's default applies, as with upstream's `--seccomp-default`. */
async function seccompOf(
  profile: SeccompProfile | undefined,
  readProfile: (path: string) => Promise<string>,
): Promise<string | undefined> {
  if (profile?.type === 'Unconfined') return 'unconfined'
  if (profile?.type !== 'Localhost') return undefined
  try {
    return await readProfile(profile.localhostProfile ?? '')
  } catch (error) {
    throw new ContainerConfigError(`cannot load seccomp profile: ${(error as Error).message}`)
  }
}
