// The restricted level: today's best practices of hardening.
// @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
import { forbiddenCapabilities, procMount, unconfinedSeccomp } from './baseline.ts'
import { found, named, offenders, podAnd, type PodSecurityCheck, quote, type Subject, unlessOwnUsers, unlessWindows } from './check.ts' // prettier-ignore

const VOLUMES = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret']) // prettier-ignore
const BIND_ONLY = new Set(['NET_BIND_SERVICE'])

function capabilities(pod: Subject) {
  const keeping = offenders(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'))
  const details = [
    ...(keeping.length > 0
      ? [`${named('container', keeping)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...[forbiddenCapabilities(pod, BIND_ONLY)].filter(Boolean),
  ]
  return found('unrestricted capabilities', details.join('; '))
}

function volumes({ spec }: Subject) {
  const typed = (spec.volumes ?? []).flatMap(volume => {
    const type = Object.keys(volume).find(field => field !== 'name') ?? 'emptyDir'
    return VOLUMES.has(type) ? [] : [{ name: volume.name, type }]
  })
  if (typed.length === 0) return undefined
  const types = [...new Set(typed.map(({ type }) => type))].sort()
  const names = typed.map(({ name }) => name)
  return found(
    'restricted volume types',
    `${named('volume', names)} ${names.length === 1 ? 'uses' : 'use'} restricted volume type${types.length === 1 ? '' : 's'} ${quote(types)}`,
  )
}

function runAsNonRoot(pod: Subject) {
  const own = pod.spec.securityContext?.runAsNonRoot
  const refusing = offenders(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false)
  if (refusing.length > 0 || own === false)
    return found(
      'runAsNonRoot != true',
      `${podAnd(own === false, refusing)} must not set securityContext.runAsNonRoot=false`,
    )
  if (own === true) return undefined
  const silent = offenders(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined)
  return found('runAsNonRoot != true', silent.length > 0 ? `pod or ${named('container', silent)} must set securityContext.runAsNonRoot=true` : '') // prettier-ignore
}

function runAsUser(pod: Subject) {
  const own = pod.spec.securityContext?.runAsUser === 0
  const names = offenders(pod, ({ securityContext }) => securityContext?.runAsUser === 0)
  return found('runAsUser=0', own || names.length > 0 ? `${podAnd(own, names)} must not set runAsUser=0` : '')
}

function seccomp(pod: Subject) {
  const refused = unconfinedSeccomp(pod)
  if (refused) return found('seccompProfile', refused)
  if (pod.spec.securityContext?.seccompProfile?.type) return undefined
  const silent = offenders(pod, ({ securityContext }) => !securityContext?.seccompProfile?.type)
  return found(
    'seccompProfile',
    silent.length > 0
      ? `pod or ${named('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`
      : '',
  )
}

function privilegeEscalation(pod: Subject) {
  const names = offenders(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false)
  return found(
    'allowPrivilegeEscalation != false',
    names.length > 0 ? `${named('container', names)} must set securityContext.allowPrivilegeEscalation=false` : '',
  )
}

const restricted = (id: string, since: PodSecurityCheck['since'], overrides?: string): PodSecurityCheck => ({
  level: 'restricted',
  id,
  since,
  ...(overrides && { overrides }),
})

export const restrictedChecks: readonly PodSecurityCheck[] = [
  restricted('allowPrivilegeEscalation', [
    [8, privilegeEscalation],
    [25, unlessWindows(privilegeEscalation)],
  ]),
  restricted(
    'capabilities_restricted',
    [
      [22, capabilities],
      [25, unlessWindows(capabilities)],
    ],
    'capabilities_baseline',
  ),
  restricted('procMount_restricted', [[35, procMount]], 'procMount'),
  restricted('restrictedVolumes', [[0, volumes]], 'hostPathVolumes'),
  restricted('runAsNonRoot', [
    [0, runAsNonRoot],
    [35, unlessOwnUsers(runAsNonRoot)],
  ]),
  restricted('runAsUser', [
    [23, runAsUser],
    [35, unlessOwnUsers(runAsUser)],
  ]),
  restricted(
    'seccompProfile_restricted',
    [
      [19, seccomp],
      [25, unlessWindows(seccomp)],
    ],
    'seccompProfile_baseline',
  ),
]
