// Parts of a ResourceClaim's status have rights of their own, beside that to the status as a whole.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ClusterRole, ClusterRoleBinding, type PolicyRule } from '../../../src/shared/api/rbac/v1.ts'
import { ResourceClaim } from '../../../src/shared/api/resource/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { failure, startSecuredCluster, type SecuredCluster, user } from './support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
const group = 'rbac.authorization.k8s.io'
const STATUS: PolicyRule = {
  verbs: ['get', 'update', 'patch'],
  apiGroups: ['resource.k8s.io'],
  resources: ['resourceclaims', 'resourceclaims/status'],
}
const onDriver = (verb: string): PolicyRule => ({
  verbs: [verb],
  apiGroups: ['resource.k8s.io'],
  resources: ['resourceclaims/driver'],
  resourceNames: ['gpu.example.com'],
})
const NODE_NAME = 'authentication.kubernetes.io/node-name'

async function grant(name: string, rules: PolicyRule[]): Promise<void> {
  await cluster.admin.create(ClusterRole, { metadata: { name: `of-${name}` }, rules })
  await cluster.admin.create(ClusterRoleBinding, {
    metadata: { name: `of-${name}` },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: `of-${name}` },
    subjects: [{ kind: 'User', apiGroup: group, name }],
  })
}

const DEVICE = { driver: 'gpu.example.com', pool: 'node-1', device: 'gpu-0' }
const allocation = {
  devices: { results: [{ request: 'gpu', ...DEVICE }] },
  nodeSelector: {
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-1'] }] }],
  },
}
const patch = (client: Client, name: string, status: object) =>
  client.patch(ResourceClaim, { namespace, name }, { status }, { type: 'merge', subresource: 'status' })
const claim = (name: string) =>
  cluster.admin.create(ResourceClaim, {
    metadata: { name, namespace },
    spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] } },
  })

beforeAll(async () => {
  cluster = await startSecuredCluster()
  const BINDING: PolicyRule = {
    verbs: ['patch'],
    apiGroups: ['resource.k8s.io'],
    resources: ['resourceclaims/binding'],
  }
  const own = 'system:serviceaccount:default:own'
  await Promise.all([
    grant('status-only', [STATUS]),
    grant('binder', [STATUS, BINDING]),
    grant('any-driver', [STATUS, onDriver('arbitrary-node:patch')]),
    grant(own, [STATUS, onDriver('associated-node:patch')]),
  ])
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('what is allocated and reserved', () => {
  test('is written only by those with a right to the binding, of every claim', async () => {
    await claim('bound')
    const refused = await failure(patch(cluster.as('status-only'), 'bound', { allocation }))
    expect(refused.code).toBe(422)
    expect(refused.message).toBe(
      'ResourceClaim.resource.k8s.io "bound" is invalid: status.allocation: Forbidden: changing status.allocation or ' +
        'status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission: ' +
        'resourceclaims.resource.k8s.io is forbidden: User "status-only" cannot patch resource ' +
        '"resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope',
    )
    expect((await patch(cluster.as('binder'), 'bound', { allocation })).status.allocation).toMatchObject(allocation)
    const reservedFor = [{ resource: 'pods', name: 'p', uid: 'u' }]
    expect((await failure(patch(cluster.as('status-only'), 'bound', { reservedFor }))).code).toBe(422)
    expect((await patch(cluster.as('binder'), 'bound', { reservedFor })).status.reservedFor).toEqual(reservedFor)
  })
  test('may stay as it is in what others write', async () => {
    const same = await patch(cluster.as('status-only'), 'bound', { allocation })
    expect(same.status.allocation).toMatchObject(allocation)
  })
})

describe('what is told of devices', () => {
  const devices = [{ ...DEVICE, conditions: [], data: { speed: 1 } }]
  beforeAll(async () => {
    await claim('told')
    await patch(cluster.admin, 'told', { allocation })
  })
  test('is written only by those with a right to the driver', async () => {
    const refused = await failure(patch(cluster.as('binder'), 'told', { devices }))
    expect(refused.code).toBe(422)
    expect(refused.message).toContain(
      'status.devices: Forbidden: changing status.devices requires resource="resourceclaims/driver", ' +
        'verb="[arbitrary-node:patch]" permission: resourceclaims.resource.k8s.io "gpu.example.com" is forbidden',
    )
    expect((await patch(cluster.as('any-driver'), 'told', { devices })).status.devices).toMatchObject(devices)
  })
  test('is written on its own node by a driver whose right is to that node alone', async () => {
    const on = (node: string) =>
      cluster.api.clientAs({ ...user('system:serviceaccount:default:own'), extra: { [NODE_NAME]: [node] } })
    const faster = [{ ...DEVICE, conditions: [], data: { speed: 2 } }]
    expect((await failure(patch(on('node-2'), 'told', { devices: faster }))).message).toContain(
      'verb="[arbitrary-node:patch]"',
    )
    expect((await patch(on('node-1'), 'told', { devices: faster })).status.devices).toMatchObject(faster)
  })
})
