// Pod Security Standards by the labels of a namespace.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Namespace, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'
import { raw } from '../core/support/raw.ts'

let cluster: SecuredCluster
const label = (mode: string) => `pod-security.kubernetes.io/${mode}`
const makeNamespace = async (name: string, labels: Record<string, string>) => {
  await cluster.admin.create(Namespace, { metadata: { name, labels }, spec: {} })
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: name } })
}
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await makeNamespace('free', {})
  await makeNamespace('base', { [label('enforce')]: 'baseline' })
  await makeNamespace('strict', { [label('enforce')]: 'restricted', [label('enforce-version')]: 'v1.30' })
  await makeNamespace('warned', { [label('warn')]: 'restricted' })
})
afterAll(() => cluster[Symbol.asyncDispose]())

let made = 0
const pod = (namespace: string, container: object = {}, spec: object = {}) =>
  cluster.admin.create(Pod, {
    metadata: { name: `pod-${made++}`, namespace },
    spec: { containers: [{ name: 'main', image: 'x', ...container }], ...spec },
  })
const secure = {
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
}

test('nothing is refused without labels', async () => {
  expect((await pod('free', { securityContext: { privileged: true } })).kind).toBe('Pod')
})

describe('baseline', () => {
  test('lets an ordinary pod in', async () => {
    expect((await pod('base')).kind).toBe('Pod')
  })
  test.each<[string, object, object, string]>([
    [
      'privileged',
      { securityContext: { privileged: true } },
      {},
      'privileged (container "main" must not set securityContext.privileged=true)',
    ],
    ['host namespaces', {}, { hostPID: true, hostIPC: true }, 'host namespaces (hostPID=true, hostIPC=true)'],
    ['hostPath', {}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [
      'host ports',
      { ports: [{ containerPort: 80, hostPort: 80 }] },
      {},
      'hostPort (container "main" uses hostPort 80)',
    ],
    [
      'capabilities',
      { securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } },
      {},
      'non-default capabilities (container "main" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'seccomp',
      {},
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'sysctls',
      {},
      { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'SELinux',
      {},
      { securityContext: { seLinuxOptions: { user: 'x' } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: user may not be set)',
    ],
    [
      'AppArmor',
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      {},
      'forbidden AppArmor profile (container "main" must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'a probe of another host',
      { livenessProbe: { httpGet: { port: 80, host: '192.0.2.1' } } },
      {},
      'probe or lifecycle host (container "main" uses probe or lifecycle host "192.0.2.1")',
    ],
  ])('refuses %s', async (_name, container, spec, why) => {
    const { message } = await failure(pod('base', container, spec))
    expect(message).toMatch(/^pods "pod-\d+" is forbidden: violates PodSecurity "baseline:latest": /)
    expect(message.slice(message.indexOf('latest": ') + 9)).toBe(why)
  })
  test('an ephemeral container is held to it as well', async () => {
    const { metadata } = await pod('base')
    const ephemeralContainers = [{ name: 'd', image: 'x', securityContext: { privileged: true } }]
    const call = cluster.admin.patch(
      Pod,
      { namespace: 'base', name: metadata.name },
      { spec: { ephemeralContainers } },
      { subresource: 'ephemeralcontainers' },
    )
    expect((await failure(call)).message).toContain('privileged (container "d"')
  })
})

describe('restricted', () => {
  test('names everything that a default pod lacks, with the version of the label', async () => {
    expect((await failure(pod('strict'))).message).toMatch(
      /^pods "pod-\d+" is forbidden: violates PodSecurity "restricted:v1.30": allowPrivilegeEscalation != false \(container "main" must set securityContext.allowPrivilegeEscalation=false\), unrestricted capabilities \(container "main" must set securityContext.capabilities.drop=\["ALL"\]\), runAsNonRoot != true \(pod or container "main" must set securityContext.runAsNonRoot=true\), seccompProfile \(pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"\)$/,
    )
  })
  test('lets a hardened pod in, not as root and not with other volumes', async () => {
    expect((await pod('strict', secure)).kind).toBe('Pod')
    expect((await failure(pod('strict', secure, { securityContext: { runAsUser: 0 } }))).message).toContain(
      'runAsUser=0 (pod must not set runAsUser=0)',
    )
    const volumes = [{ name: 'v', hostPath: { path: '/' } }]
    expect((await failure(pod('strict', secure, { volumes }))).message).toContain(
      'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    )
  })
})

describe('warnings', () => {
  const body = {
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'x' }] } },
    },
  }
  test('are given where a level is enforced, too, unless others are asked for', async () => {
    await makeNamespace('quiet', { [label('enforce')]: 'restricted', [label('warn')]: 'privileged' })
    const warned = async (namespace: string) =>
      (await raw(cluster.api, `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`, { body })).headers.warning
    expect(await warned('strict')).toContain('would violate PodSecurity \\"restricted:v1.30\\"')
    expect(await warned('base')).toBeUndefined()
    expect(await warned('quiet')).toBeUndefined()
  })
  test('come with a workload whose pods would be doubtful; the workload is stored', async () => {
    const { code, headers } = await raw(cluster.api, '/apis/apps/v1/namespaces/warned/deployments', { body })
    expect(code).toBe(201)
    expect(headers.warning).toContain('would violate PodSecurity \\"restricted:latest\\": allowPrivilegeEscalation')
  })
  test('tell which pods a stricter namespace would not let in', async () => {
    const { headers } = await raw(cluster.api, '/api/v1/namespaces/free', {
      method: 'PATCH',
      body: { metadata: { labels: { [label('enforce')]: 'baseline' } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
    expect(headers.warning).toContain('existing pods in namespace \\"free\\" violate the new PodSecurity enforce level')
  })
  test('tell the same where the level means another version', async () => {
    const labels = { [label('enforce')]: 'baseline', [label('enforce-version')]: 'v1.26' }
    await makeNamespace('dated', labels)
    await pod(
      'dated',
      {},
      { securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '1' }] } },
    )
    await pod('dated', {}, { securityContext: { seLinuxOptions: { type: 'container_t' } } })
    const error = await failure(
      pod('dated', {}, { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }),
    )
    expect(error.message).toContain('violates PodSecurity "baseline:v1.26": seLinuxOptions (pod set forbidden')
    const put = (version: string) =>
      raw(cluster.api, '/api/v1/namespaces/dated', {
        method: 'PATCH',
        body: { metadata: { labels: { [label('enforce-version')]: version } } },
        headers: { 'content-type': 'application/merge-patch+json' },
      })
    await put('v1.31')
    await pod('dated', {}, { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } })
    expect((await put('v1.30')).headers.warning).toContain(
      'violate the new PodSecurity enforce level \\"baseline:v1.30\\"',
    )
  })
})

test('a level that is none is refused', async () => {
  const error = await failure(makeNamespace('odd', { [label('enforce')]: 'paranoid' }))
  expect([error.code, error.message]).toEqual([
    422,
    expect.stringContaining('Invalid value: "paranoid": must be one of privileged, baseline, restricted'),
  ])
})
