// What the Pod Security Standards ask for as of older versions of Kubernetes, as upstream's policy has it.
import { expect, test } from 'vitest'
import { findingsOf } from '../../../src/main/apiserver/admission/pod-security/rules.ts'
import type { SecurityContext, PodSpec } from '../../../src/shared/api/core/v1.ts'

const container = (securityContext: SecurityContext, more: object = {}) => ({
  name: 'main',
  image: 'x',
  securityContext,
  ...more,
})
const hardened: SecurityContext = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}
const spec = (own: Partial<PodSpec>, less: SecurityContext = {}): PodSpec => ({
  containers: [container({ ...hardened, ...less })],
  ...own,
})
const without = (field: keyof SecurityContext): PodSpec => {
  const { [field]: _left, ...rest } = hardened
  return { containers: [container(rest)] }
}
const sysctl = (name: string) => spec({ securityContext: { sysctls: [{ name, value: '1' }] } })
const selinux = spec({ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } })
const windows: PodSpec = { os: { name: 'windows' }, containers: [container({ runAsNonRoot: true })] }
const probe = { livenessProbe: { tcpSocket: { port: 80, host: '10.0.0.1' } } }
const unmasked: SecurityContext = { procMount: 'Unmasked' }

const VERSIONS = [...Array.from({ length: 40 }, (_, minor) => `v1.${minor}`), 'latest']
/** `v1.8`: from that on, `–v1.26`: up to it. */
function refusedAt(level: string, pod: PodSpec, annotations: Record<string, string> = {}): string {
  const refused = VERSIONS.filter(
    version => findingsOf({ level, version }, { metadata: { annotations }, spec: pod }).length > 0,
  )
  if (refused.length === 0) return 'never'
  const [first, last] = [refused[0]!, refused.at(-1)!]
  expect(refused).toEqual(VERSIONS.slice(VERSIONS.indexOf(first), VERSIONS.indexOf(last) + 1))
  return `${first === 'v1.0' ? '' : first}–${last === 'latest' ? '' : last}`
}

test.each<[string, string, PodSpec, string]>([
  ['a hardened pod', 'restricted', spec({}), 'never'],
  ['a privileged one', 'baseline', spec({}, { privileged: true }), '–'],
  ['one that may gain privileges', 'restricted', without('allowPrivilegeEscalation'), 'v1.8–'],
  ['one that keeps capabilities', 'restricted', without('capabilities'), 'v1.22–'],
  ['one that does not say who it runs as', 'restricted', without('runAsNonRoot'), '–'],
  ['one that runs as root', 'restricted', spec({ securityContext: { runAsUser: 0 } }), 'v1.23–'],
  ['one that would rather run as root', 'restricted', spec({ securityContext: { runAsNonRoot: false } }), '–'],
  ['one without a seccomp profile', 'restricted', without('seccompProfile'), 'v1.19–'],
  ['one without the protection of seccomp', 'baseline', spec({}, { seccompProfile: { type: 'Unconfined' } }), 'v1.19–'],
  ['a Windows pod that has only what it may have', 'restricted', windows, 'v1.8–v1.24'],
  ['probes of other hosts', 'baseline', { containers: [container({}, probe)] }, 'v1.34–'],
  ['an unmasked /proc', 'baseline', spec({}, unmasked), '–'],
  ['an unmasked /proc with users of its own', 'baseline', spec({ hostUsers: false }, unmasked), '–v1.34'],
  ['an unmasked /proc with users of its own', 'restricted', spec({ hostUsers: false }, unmasked), '–'],
  [
    'a root that is one of users of its own',
    'restricted',
    spec({ hostUsers: false }, { runAsUser: 0, runAsNonRoot: false }),
    '–v1.34',
  ],
  ['a container engine’s SELinux type', 'baseline', selinux, '–v1.30'],
  ['safe sysctls', 'baseline', sysctl('kernel.shm_rmid_forced'), 'never'],
  ['sysctls that are safe since 1.27', 'baseline', sysctl('net.ipv4.ip_local_reserved_ports'), '–v1.26'],
  ['sysctls that are safe since 1.29', 'baseline', sysctl('net.ipv4.tcp_keepalive_time'), '–v1.28'],
  ['sysctls that are safe since 1.32', 'baseline', sysctl('net.ipv4.tcp_rmem'), '–v1.31'],
  ['other sysctls', 'baseline', sysctl('kernel.msgmax'), '–'],
])('%s at %s', (_what, level, pod, refused) => {
  expect(refusedAt(level, pod)).toBe(refused)
})

test('profiles of seccomp stood in annotations before 1.19', () => {
  const pod = 'seccomp.security.alpha.kubernetes.io/pod'
  const main = 'container.seccomp.security.alpha.kubernetes.io/main'
  const other = 'container.seccomp.security.alpha.kubernetes.io/other'
  expect(refusedAt('baseline', spec({}), { [pod]: 'unconfined' })).toBe('–v1.18')
  expect(refusedAt('baseline', spec({}), { [pod]: 'docker/default', [main]: 'localhost/mine', [other]: 'x' })).toBe(
    'never',
  )
  const metadata = { annotations: { [main]: 'unconfined', [pod]: '' } }
  expect(findingsOf({ level: 'baseline', version: 'v1.18' }, { metadata, spec: spec({}) })).toEqual([
    { reason: 'seccompProfile', detail: `forbidden annotations ${main}="unconfined", ${pod}=""` },
  ])
})
