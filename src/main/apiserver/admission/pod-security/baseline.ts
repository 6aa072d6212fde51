// The baseline level: nothing that is known to escalate privileges.
// @see https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
import { containersOf, found, named, offenders, podAnd, type PodSecurityCheck, quote, type Rule, type Subject, unlessOwnUsers } from './check.ts' // prettier-ignore

const DEFAULT_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const SYSCTLS = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_syncookies',
]
const SYSCTLS_27 = [...SYSCTLS, 'net.ipv4.ip_local_reserved_ports']
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
]
const SYSCTLS_32 = [...SYSCTLS_29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t']
const SELINUX_TYPES_31 = [...SELINUX_TYPES, 'container_engine_t']
const APPARMOR_ANNOTATION = 'container.apparmor.security.beta.kubernetes.io/'
/** Where profiles stood before pods had a field for them. */
const SECCOMP_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod'
const CONTAINER_SECCOMP_ANNOTATION = 'container.seccomp.security.alpha.kubernetes.io/'

/** Added capabilities outside the allowed ones, with who adds them. */
export function forbiddenCapabilities(pod: Subject, allowed: ReadonlySet<string>): string {
  const extra = (container: ReturnType<typeof containersOf>[number]) =>
    (container.securityContext?.capabilities?.add ?? []).filter(capability => !allowed.has(capability))
  const names = offenders(pod, container => extra(container).length > 0)
  if (names.length === 0) return ''
  const capabilities = [...new Set(containersOf(pod).flatMap(extra))].sort()
  return `${named('container', names)} must not include ${quote(capabilities)} in securityContext.capabilities.add`
}

function appArmor(pod: Subject) {
  const own = pod.spec.securityContext?.appArmorProfile?.type === 'Unconfined'
  const names = offenders(pod, ({ securityContext }) => securityContext?.appArmorProfile?.type === 'Unconfined')
  const annotations = Object.entries(pod.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(APPARMOR_ANNOTATION) && !/^(runtime\/default|localhost\/.*)?$/.test(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
  const setters = [
    ...(own || names.length > 0 ? [podAnd(own, names)] : []),
    ...(annotations.length > 0 ? [annotations.length === 1 ? 'annotation' : 'annotations'] : []),
  ]
  if (setters.length === 0) return undefined
  const values = [...(own || names.length > 0 ? ['Unconfined'] : []), ...annotations]
  return found(
    `forbidden AppArmor profile${values.length === 1 ? '' : 's'}`,
    `${setters.join(' and ')} must not set AppArmor profile type to ${values.map(value => `"${value}"`).join(', ')}`,
  )
}

function hostNamespaces({ spec }: Subject) {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field])
  return found('host namespaces', used.map(field => `${field}=true`).join(', '))
}

function hostPorts(pod: Subject) {
  const uses = ({ ports }: ReturnType<typeof containersOf>[number]) =>
    (ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []))
  const names = offenders(pod, container => uses(container).length > 0)
  const ports = [...new Set(containersOf(pod).flatMap(uses))].sort()
  if (names.length === 0) return undefined
  return found(
    'hostPort',
    `${named('container', names)} ${names.length === 1 ? 'uses' : 'use'} hostPort${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`,
  )
}

/** A probe of another host would let a pod look around in the network of its node. */
function hostProbes(pod: Subject) {
  const hosts = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: ReturnType<typeof containersOf>[number]) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap(handler =>
      [handler?.httpGet?.host, handler?.tcpSocket?.host].filter(host => host),
    ) as string[]
  const names = [...new Set(offenders(pod, container => hosts(container).length > 0))].sort()
  const used = [...new Set(containersOf(pod).flatMap(hosts))].sort()
  const verb = names.length === 1 ? 'uses' : 'use'
  return found(
    'probe or lifecycle host',
    names.length === 0 ? '' : `${named('container', names)} ${verb} ${named('probe or lifecycle host', used)}`,
  )
}

const seLinux = (allowed: readonly string[]) => (pod: Subject) => {
  const options = [
    pod.spec.securityContext?.seLinuxOptions,
    ...containersOf(pod).map(({ securityContext }) => securityContext?.seLinuxOptions),
  ]
  const isBad = (given: (typeof options)[number]) =>
    given !== undefined && (!allowed.includes(given.type ?? '') || Boolean(given.user) || Boolean(given.role))
  const names = offenders(pod, ({ securityContext }) => isBad(securityContext?.seLinuxOptions))
  const own = isBad(options[0])
  if (!own && names.length === 0) return undefined
  const types = options.flatMap(given => (allowed.includes(given?.type ?? '') ? [] : [given?.type ?? '']))
  const what = [
    ...(types.length > 0 ? [`type${new Set(types).size === 1 ? '' : 's'} ${quote(types.sort())}`] : []),
    ...(options.some(given => given?.user) ? ['user may not be set'] : []),
    ...(options.some(given => given?.role) ? ['role may not be set'] : []),
  ]
  return found(
    'seLinuxOptions',
    `${podAnd(own, names)} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  )
}

/** Who turns system call filtering off. */
export function unconfinedSeccomp(pod: Subject): string {
  const own = pod.spec.securityContext?.seccompProfile?.type === 'Unconfined'
  const names = offenders(pod, ({ securityContext }) => securityContext?.seccompProfile?.type === 'Unconfined')
  if (!own && names.length === 0) return ''
  return `${podAnd(own, names)} must not set securityContext.seccompProfile.type to "Unconfined"`
}

function seccompAnnotations(pod: Subject) {
  const keys = [SECCOMP_ANNOTATION, ...containersOf(pod).map(({ name }) => `${CONTAINER_SECCOMP_ANNOTATION}${name}`)]
  const given = Object.entries(pod.metadata.annotations ?? {}).filter(([key]) => keys.includes(key))
  const bad = given.filter(([, value]) => !/^(runtime\/default$|docker\/default$|localhost\/)/.test(value))
  const shown = bad.map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort()
  return found(
    'seccompProfile',
    shown.length > 0 ? `forbidden annotation${shown.length === 1 ? '' : 's'} ${shown.join(', ')}` : '',
  )
}

const sysctls =
  (allowed: readonly string[]) =>
  ({ spec }: Subject) => {
    const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name)
    return found('forbidden sysctls', names.filter(name => !allowed.includes(name)).join(', '))
  }

function perContainer(reason: string, test: Parameters<typeof offenders>[1], rest: string) {
  return (pod: Subject) => {
    const names = offenders(pod, test)
    return found(reason, names.length > 0 ? `${named('container', names)} ${rest}` : '')
  }
}

function windowsHostProcess(pod: Subject) {
  const own = pod.spec.securityContext?.windowsOptions?.hostProcess === true
  const names = offenders(pod, ({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true)
  if (!own && names.length === 0) return undefined
  return found('hostProcess', `${podAnd(own, names)} must not set securityContext.windowsOptions.hostProcess=true`)
}

export const procMount = perContainer(
  'procMount',
  ({ securityContext }) => !['', 'Default'].includes(securityContext?.procMount ?? ''),
  'must not set securityContext.procMount to "Unmasked"',
)

/** @param since a rule alone has always been there */
const baseline = (id: string, since: Rule | PodSecurityCheck['since']): PodSecurityCheck => ({
  level: 'baseline',
  id,
  since: typeof since === 'function' ? [[0, since]] : since,
})

export const baselineChecks: readonly PodSecurityCheck[] = [
  baseline('appArmorProfile', appArmor),
  baseline('capabilities_baseline', pod =>
    found('non-default capabilities', forbiddenCapabilities(pod, DEFAULT_CAPABILITIES)),
  ),
  baseline('hostNamespaces', hostNamespaces),
  baseline('hostPathVolumes', ({ spec }) => {
    const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name)
    return found('hostPath volumes', volumes.length > 0 ? named('volume', volumes) : '')
  }),
  baseline('hostPorts', hostPorts),
  baseline('hostProbesAndHostLifecycle', [[34, hostProbes]]),
  baseline(
    'privileged',
    perContainer(
      'privileged',
      ({ securityContext }) => securityContext?.privileged === true,
      'must not set securityContext.privileged=true',
    ),
  ),
  baseline('procMount', [
    [0, procMount],
    [35, unlessOwnUsers(procMount)],
  ]),
  baseline('seLinuxOptions', [
    [0, seLinux(SELINUX_TYPES)],
    [31, seLinux(SELINUX_TYPES_31)],
  ]),
  baseline('seccompProfile_baseline', [
    [0, seccompAnnotations],
    [19, pod => found('seccompProfile', unconfinedSeccomp(pod))],
  ]),
  baseline('sysctls', [
    [0, sysctls(SYSCTLS)],
    [27, sysctls(SYSCTLS_27)],
    [29, sysctls(SYSCTLS_29)],
    [32, sysctls(SYSCTLS_32)],
  ]),
  baseline('windowsHostProcess', windowsHostProcess),
]
