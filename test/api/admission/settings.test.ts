// What admission plugins do that were told something: PodSecurity in namespaces without labels, and ResourceQuota where
// nothing may be had without a quota.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Deployment } from '../../../src/shared/api/apps/v1.ts'
import { Namespace, Pod, ResourceQuota, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { PriorityClass } from '../../../src/shared/api/scheduling/v1.ts'
import { parseAdmissionConfiguration } from '../../../src/main/apiserver/admission/settings.ts'
import { raw } from '../core/support/raw.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

const CONFIGURATION = {
  apiVersion: 'apiserver.config.k8s.io/v1',
  kind: 'AdmissionConfiguration',
  plugins: [
    {
      name: 'PodSecurity',
      configuration: {
        apiVersion: 'pod-security.admission.config.k8s.io/v1',
        kind: 'PodSecurityConfiguration',
        defaults: { enforce: 'baseline', 'enforce-version': 'v1.36' },
        exemptions: { usernames: ['trusted'], namespaces: ['free'] },
      },
    },
    {
      name: 'ResourceQuota',
      configuration: {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'ResourceQuotaConfiguration',
        limitedResources: [
          { resource: 'pods', matchContains: ['memory'] },
          { resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['precious'] }] },
        ],
      },
    },
  ],
}

let cluster: SecuredCluster
beforeAll(async () => {
  const admissionSettings = await parseAdmissionConfiguration(CONFIGURATION, () => Promise.reject(new Error('no file')))
  cluster = await startSecuredCluster({ admissionSettings })
  await cluster.admin.create(PriorityClass, { metadata: { name: 'precious' }, value: 10 })
  for (const name of ['held', 'free', 'strict']) {
    const labels: Record<string, string> =
      name === 'strict' ? { 'pod-security.kubernetes.io/enforce': 'restricted' } : {}
    await cluster.admin.create(Namespace, { metadata: { name, labels }, spec: {} })
    await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: name } })
  }
})
afterAll(() => cluster[Symbol.asyncDispose]())

const container = { name: 'main', image: 'x' }
const make = (namespace: string, name: string, spec: Partial<Pod['spec']>, user = cluster.admin) =>
  user.create(Pod, { metadata: { namespace, name }, spec: { containers: [container], ...spec } })
const refusal = async (work: Promise<unknown>) => {
  const { code, message } = await failure(work)
  return `${code} ${message}`
}

test('a namespace without labels is held to the default, but for who or what is exempt', async () => {
  const host = { hostNetwork: true }
  expect(await refusal(make('held', 'a', host))).toContain(
    '403 pods "a" is forbidden: violates PodSecurity "baseline:v1.36": host namespaces (hostNetwork=true)',
  )
  expect((await make('free', 'a', host)).spec.hostNetwork).toBe(true)
  const trusted = cluster.as('trusted', 'system:masters')
  expect((await make('held', 'b', host, trusted)).spec.hostNetwork).toBe(true)
})

test('a label of a namespace that is exempt is for nothing, and whoever sets it is told', async () => {
  const { headers } = await raw(cluster.api, '/api/v1/namespaces/free', {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
  })
  expect(headers['warning']).toContain(
    'namespace \\"free\\" is exempt from Pod Security, and the policy (enforce=restricted:v1.36) will be ignored',
  )
  expect((await make('free', 'c', { hostNetwork: true })).spec.hostNetwork).toBe(true)
})

test('where a level is enforced, whoever makes what will make pods is warned, unless other warnings are asked for', async () => {
  const warned = async (namespace: string, name: string) => {
    const labels = { app: name }
    const template = { metadata: { labels }, spec: { containers: [container] } }
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { selector: { matchLabels: labels }, template } } // prettier-ignore
    const { code, headers } = await raw(cluster.api, `/apis/apps/v1/namespaces/${namespace}/deployments`, { body })
    expect(code).toBe(201)
    return headers['warning']
  }
  expect(await warned('strict', 'a')).toContain('would violate PodSecurity \\"restricted:v1.36\\"')
  expect(await warned('held', 'a')).toBeUndefined()
  await cluster.admin.patch(Namespace, { name: 'strict' }, { metadata: { labels: { 'pod-security.kubernetes.io/warn': 'privileged' } } }, { type: 'merge' }) // prettier-ignore
  expect(await warned('strict', 'b')).toBeUndefined()
  expect((await cluster.admin.get(Deployment, { namespace: 'strict', name: 'b' })).metadata.name).toBe('b')
})

test('what is limited may be had only where a quota covers it', async () => {
  const hungry = { containers: [{ ...container, resources: { requests: { memory: '1Gi' } } }] }
  expect(await refusal(make('held', 'hungry', hungry))).toBe(
    '403 pods "hungry" is forbidden: insufficient quota to consume: memory,requests.memory',
  )
  expect(await refusal(make('held', 'precious', { priorityClassName: 'precious' }))).toBe(
    '403 pods "precious" is forbidden: insufficient quota to match these scopes: [{PriorityClass In [precious]}]',
  )
  const hard = { memory: '2Gi', 'requests.memory': '2Gi' }
  await cluster.admin.create(ResourceQuota, { metadata: { namespace: 'held', name: 'memory' }, spec: { hard } })
  expect((await make('held', 'hungry', hungry)).metadata.name).toBe('hungry')
  const scopeSelector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['precious'] }] }
  await cluster.admin.create(ResourceQuota, { metadata: { namespace: 'held', name: 'precious' }, spec: { hard: { pods: '1' }, scopeSelector } }) // prettier-ignore
  expect((await make('held', 'precious', { priorityClassName: 'precious', ...hungry })).metadata.name).toBe('precious')
})
