// What nobody may do although a role says so: nodes beyond their own, and rights handed out without having them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Client } from '../../../src/shared/client/client.ts'
import type { Volume } from '../../../src/shared/api/core/v1.ts'
import { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, ServiceAccount } from '../../../src/shared/api/core/v1.ts' // prettier-ignore
import { Lease } from '../../../src/shared/api/coordination/v1.ts'
import { ResourceClaim, ResourceClaimTemplate, ResourceSlice } from '../../../src/shared/api/resource/v1.ts'
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../../src/shared/api/rbac/v1.ts'
import { CSIDriver } from '../../../src/shared/api/storage/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
const rbac = 'rbac.authorization.k8s.io'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  for (const name of ['one', 'two']) await cluster.node(name).create(Node, { metadata: { name }, spec: {} })
  for (const name of ['one', 'two'])
    await cluster.admin.create(Pod, {
      metadata: { name: `on-${name}`, namespace },
      spec: { nodeName: name, containers: [{ name: 'main', image: 'x' }] },
    })
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('NodeRestriction', () => {
  test('a node makes no other node', async () => {
    const error = await failure(cluster.node('one').create(Node, { metadata: { name: 'three' }, spec: {} }))
    expect(error.message).toBe('nodes "three" is forbidden: node "one" is not allowed to modify node "three"')
  })
  test('a node gives itself no labels that steer workloads, and keeps its taints', async () => {
    const one = cluster.node('one')
    const patch = (body: object) => one.patch(Node, { name: 'one' }, body, { type: 'merge' })
    await patch({ metadata: { labels: { 'kubernetes.io/hostname': 'one', 'example.test/disk': 'ssd' } } })
    const label = { 'node-restriction.kubernetes.io/secure': 'true' }
    expect((await failure(patch({ metadata: { labels: label } }))).message).toContain(
      'is not allowed to modify labels: node-restriction.kubernetes.io/secure',
    )
    expect((await failure(patch({ metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }))).code).toBe(
      403,
    )
    expect((await failure(patch({ spec: { taints: [] } }))).message).toContain(
      'node "one" is not allowed to modify taints',
    )
    const fresh = cluster.node('four').create(Node, { metadata: { name: 'four', labels: label }, spec: {} })
    expect((await failure(fresh)).message).toContain(
      'node "four" is not allowed to set the following labels: node-restriction.kubernetes.io/secure',
    )
  })
  test('a node gives itself no pod network: others would send it the packets of those who have it', async () => {
    const { admin } = cluster
    const create = (name: string, spec: object) => cluster.node(name).create(Node, { metadata: { name }, spec })
    const why = (name: string) => `node "${name}" is not allowed to set podCIDRs`
    for (const spec of [{ podCIDR: '10.244.9.0/24' }, { podCIDRs: ['10.244.9.0/24'] }])
      expect((await failure(create('five', spec))).message).toContain(why('five'))
    await create('five', {})
    const patch = (client: typeof admin, spec: object) =>
      client.patch(Node, { name: 'five' }, { spec }, { type: 'merge' })
    const five = cluster.node('five')
    expect((await failure(patch(five, { podCIDRs: ['10.244.9.0/24'] }))).message).toContain(why('five'))
    await patch(admin, { podCIDR: '10.244.5.0/24', podCIDRs: ['10.244.5.0/24'] })
    for (const spec of [{ podCIDR: '10.244.9.0/24' }, { podCIDR: null, podCIDRs: null }])
      expect([spec, (await failure(patch(five, spec))).message]).toEqual([spec, expect.stringContaining(why('five'))])
    expect((await failure(patch(admin, { podCIDR: '10.244.9.0/24' }))).message).toContain(
      'node updates may not change podCIDR except from "" to valid',
    )
    await patch(five, { unschedulable: true })
  })
  test('a new node is tainted until it is ready', async () => {
    expect((await cluster.admin.get(Node, { name: 'one' })).spec.taints).toEqual([
      { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
    ])
  })
  test('a node reports for its own pods only, and changes nothing else through the status', async () => {
    const report = (name: string, body: object) =>
      cluster.node('one').patch(Pod, { namespace, name }, body, { type: 'merge', subresource: 'status' })
    expect((await report('on-one', { status: { phase: 'Running' } })).status.phase).toBe('Running')
    expect((await failure(report('on-two', { status: { phase: 'Running' } }))).message).toContain(
      'node "one" can only update pod status for pods with spec.nodeName set to itself',
    )
    expect((await failure(report('on-one', { metadata: { labels: { app: 'web' } } }))).message).toContain(
      'node "one" cannot update labels through pod status',
    )
    const extendedResourceClaimStatus = { resourceClaimName: 'of-others', requestMappings: [] }
    expect((await failure(report('on-one', { status: { extendedResourceClaimStatus } }))).message).toContain(
      'node "one" cannot update extended resource claim status',
    )
  })
  test('a node deletes and evicts its own pods only', async () => {
    expect((await failure(cluster.node('one').delete(Pod, { namespace, name: 'on-two' }))).message).toContain(
      'node "one" can only delete pods with spec.nodeName set to itself',
    )
    const evict = (name: string) =>
      cluster.node('one').createSubresource(Pod, { namespace, name }, 'eviction', { metadata: { name, namespace } })
    expect((await failure(evict('on-two'))).message).toContain('node one can only evict pods')
  })
  test('a node creates nothing but mirror pods, which refer to nothing', async () => {
    const uid = (await cluster.admin.get(Node, { name: 'one' })).metadata.uid
    const pod = (extra: object, annotations?: Record<string, string>) =>
      cluster.node('one').create(Pod, {
        metadata: {
          name: 'made-by-one',
          namespace,
          ...(annotations ? { annotations } : {}),
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'one', uid, controller: true }],
        },
        spec: { nodeName: 'one', containers: [{ name: 'main', image: 'x' }], ...extra },
      })
    expect((await failure(pod({}))).message).toContain('can only create mirror pods')
    const mirror = { 'kubernetes.io/config.mirror': 'x' }
    expect((await failure(pod({ nodeName: 'two' }, mirror))).message).toContain('spec.nodeName set to itself')
    const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
    for (const [what, extra] of [
      ['configmaps', { volumes: [{ name: 's', configMap: { name: 'x' } }] }],
      ['csidrivers (via CSI volumes)', { volumes: [{ name: 's', csi: { driver: 'csi.example.test' } }] }],
      [
        'persistentvolumeclaims (via ephemeral volumes)',
        { volumes: [{ name: 's', ephemeral: { volumeClaimTemplate: claim } }] },
      ],
    ] as const)
      expect((await failure(pod(extra, mirror))).message).toContain(`can not create pods that reference ${what}`)
  })
  test('a mirror pod stays one, and no other pod becomes one, also through the status', async () => {
    const MIRROR = 'kubernetes.io/config.mirror'
    const uid = (await cluster.admin.get(Node, { name: 'one' })).metadata.uid
    const spec = { nodeName: 'one', containers: [{ name: 'main', image: 'x' }] }
    await cluster.node('one').create(Pod, {
      metadata: {
        name: 'stays-mirror',
        namespace,
        annotations: { [MIRROR]: 'x' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'one', uid, controller: true }],
      },
      spec,
    })
    await cluster.admin.create(Pod, { metadata: { name: 'no-mirror', namespace }, spec })
    const annotate = (client: Client, name: string, value: string | null, subresource?: 'status') =>
      client.patch(
        Pod,
        { namespace, name },
        { metadata: { annotations: { [MIRROR]: value } } },
        { type: 'merge', ...(subresource ? { subresource } : {}) },
      )
    const one = cluster.node('one')
    for (const [name, value, why] of [
      ['stays-mirror', null, 'may not remove or update mirror pod annotation'],
      ['stays-mirror', 'y', 'may not remove or update mirror pod annotation'],
      ['no-mirror', 'x', 'may not add mirror pod annotation'],
    ] as const)
      for (const ask of [() => annotate(one, name, value, 'status'), () => annotate(cluster.admin, name, value)]) {
        const error = await failure(ask())
        expect([error.code, error.message]).toEqual([422, expect.stringContaining(why)])
      }
  })
  test('a token of a node is bound to a pod that runs there', async () => {
    const ask = (node: string, boundObjectRef?: object) =>
      cluster.node(node).createSubresource(ServiceAccount, { namespace, name: 'default' }, 'token', {
        spec: { ...(boundObjectRef ? { boundObjectRef } : {}) },
      })
    expect((await failure(ask('one'))).message).toContain('node requested token not bound to a pod')
    const { uid } = (await cluster.admin.get(Pod, { namespace, name: 'on-two' })).metadata
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'on-two', uid }
    expect((await failure(ask('one', ref))).message).toContain('bound to a pod scheduled on a different node')
    expect(await ask('two', ref)).toMatchObject({ kind: 'TokenRequest' })
    expect((await failure(ask('two', { ...ref, uid: 'other' }))).code).toBe(403)
  })
  describe('a token that a node asks for is meant', () => {
    const asks = async (podName: string, ...audiences: string[]) => {
      const { uid } = (await cluster.admin.get(Pod, { namespace, name: podName })).metadata
      const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: podName, uid }
      const two = cluster.node('two')
      return two
        .createSubresource(ServiceAccount, { namespace, name: 'default' }, 'token', {
          spec: { audiences, boundObjectRef },
        })
        .then(
          () => 'given',
          (error: Error) => error.message,
        )
    }
    const pod = (name: string, volumes: Volume[]) =>
      cluster.admin.create(Pod, {
        metadata: { name, namespace },
        spec: { nodeName: 'two', containers: [{ name: 'main', image: 'x' }], volumes },
      })

    test('for whom a volume of the pod names', async () => {
      const sources = [{ serviceAccountToken: { path: 'token', audience: 'vault' } }]
      await pod('named', [{ name: 'token', projected: { sources } }])
      expect(await asks('named', 'vault')).toBe('given')
      expect(await asks('named', 'bank')).toContain(
        'audience "bank" not found in pod spec volume, system:node:two is not authorized to request tokens for this audience',
      )
      expect(await asks('named', 'vault', 'bank')).toContain('node may only request 0 or 1 audiences')
    })
    test('for whom the CSI driver of a volume names', async () => {
      const driver = 'secrets.csi.example.test'
      await pod('driven', [{ name: 'secrets', csi: { driver } }])
      expect(await asks('driven', 'vault')).toContain(
        `error validating audience "vault": csidriver.storage.k8s.io "${driver}" not found`,
      )
      const tokenRequests = [{ audience: 'vault' }]
      await cluster.admin.create(CSIDriver, { metadata: { name: driver }, spec: { tokenRequests } })
      expect(await asks('driven', 'vault')).toBe('given')
    })
    test('for whom the driver of a claim names', async () => {
      await pod('claiming', [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }])
      expect(await asks('claiming', 'vault')).toContain('persistentvolumeclaim "data" not found')
      await cluster.admin.create(PersistentVolume, {
        metadata: { name: 'data' },
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Gi' },
          csi: { driver: 'secrets.csi.example.test', volumeHandle: 'x' },
        },
      })
      await cluster.admin.create(PersistentVolumeClaim, {
        metadata: { name: 'data', namespace },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'data' },
      })
      expect(await asks('claiming', 'vault')).toBe('given')
    })
    test('for whom a role lets the node', async () => {
      const verbs = ['request-serviceaccounts-token-audience']
      await cluster.admin.create(ClusterRole, {
        metadata: { name: 'registry-tokens' },
        rules: [{ apiGroups: [''], resources: ['registry'], verbs }],
      })
      await cluster.admin.create(ClusterRoleBinding, {
        metadata: { name: 'registry-tokens' },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'registry-tokens' },
        subjects: [{ apiGroup: rbac, kind: 'Group', name: 'system:nodes' }],
      })
      expect(await asks('on-two', 'registry')).toBe('given')
      expect(await asks('on-two', 'other')).toContain('is not authorized')
    })
  })
  test('a node that may not ask for a token is not told whether there is such an account', async () => {
    const unbound = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} }
    const ask = cluster
      .node('box')
      .createSubresource(ServiceAccount, { namespace: 'default', name: 'unknown' }, 'token', unbound)
    expect((await failure(ask)).code).toBe(403)
  })
  test('a node makes no lease of another name', async () => {
    const lease = { metadata: { name: 'two', namespace: 'kube-node-lease' }, spec: {} }
    expect((await failure(cluster.node('one').create(Lease, lease))).message).toContain(
      'can only access node lease with the same name as the requesting node',
    )
  })
  test('a node publishes and changes its own devices only', async () => {
    const devices = (name: string, nodeName: string) => ({
      metadata: { name },
      spec: { driver: 'gpu.example.test', nodeName, pool: { name, generation: 1, resourceSliceCount: 1 } },
    })
    const [one, two] = [cluster.node('one'), cluster.node('two')]
    expect((await failure(one.create(ResourceSlice, devices('other', 'two')))).message).toContain(
      'can only create ResourceSlice with the same NodeName as the requesting node',
    )
    const mine = await one.create(ResourceSlice, devices('mine', 'one'))
    const newer = { ...mine, spec: { ...mine.spec, pool: { ...mine.spec.pool, generation: 2 } } }
    expect((await failure(two.update(ResourceSlice, newer))).code).toBe(403)
    expect((await failure(two.get(ResourceSlice, { name: 'mine' }))).code).toBe(403)
    expect((await one.update(ResourceSlice, newer)).spec.pool.generation).toBe(2)
    expect((await failure(two.delete(ResourceSlice, { name: 'mine' }))).code).toBe(403)
    await one.delete(ResourceSlice, { name: 'mine' })
  })
})

test('devices in use are asked for only in namespaces that an administrator marked', async () => {
  const { admin } = cluster
  const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', adminAccess: true } }] } }
  const why =
    'Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace'
  const ask = (inNamespace: string) =>
    admin.create(ResourceClaim, { metadata: { name: 'watch', namespace: inNamespace }, spec })
  expect((await failure(ask(namespace))).message).toContain(`spec.devices.requests[0].adminAccess: ${why}`)
  const template = admin.create(ResourceClaimTemplate, { metadata: { name: 'watch', namespace }, spec: { spec } })
  expect((await failure(template)).message).toContain(`spec.spec.devices.requests[0].adminAccess: ${why}`)
  const labels = { 'resource.kubernetes.io/admin-access': 'true' }
  await admin.create(Namespace, { metadata: { name: 'monitoring', labels }, spec: {} })
  expect((await ask('monitoring')).spec).toMatchObject(spec)
})

describe('rights are handed out only by who has them', () => {
  beforeAll(async () => {
    const { admin } = cluster
    const subjects = [{ kind: 'User', apiGroup: rbac, name: 'lead' }]
    await admin.create(ClusterRole, {
      metadata: { name: 'role-editor' },
      rules: [
        { verbs: ['*'], apiGroups: [rbac], resources: ['roles', 'rolebindings'] },
        { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'] },
      ].map(rule => (rule.verbs[0] === '*' ? { ...rule, verbs: ['create', 'update', 'patch', 'get'] } : rule)),
    })
    await admin.create(RoleBinding, {
      metadata: { name: 'lead', namespace },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'role-editor' },
      subjects,
    })
  })
  const role = (name: string, verbs: string[], resources: string[]) => ({
    metadata: { name, namespace },
    rules: [{ verbs, apiGroups: [''], resources }],
  })
  const binding = (name: string, kind: string, to: string) => ({
    metadata: { name, namespace },
    roleRef: { apiGroup: rbac, kind, name: to },
    subjects: [{ kind: 'User', apiGroup: rbac, name: 'someone' }],
  })
  test('a role may hold what its author has', async () => {
    await cluster.as('lead').create(Role, role('pods', ['get'], ['pods']))
  })
  test('a role that holds more is refused, and every missing right is named', async () => {
    const error = await failure(cluster.as('lead').create(Role, role('more', ['get', 'delete'], ['pods', 'secrets'])))
    expect(error.message).toBe(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "lead" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n' +
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    )
  })
  test('an update cannot add what a create could not', async () => {
    const lead = cluster.as('lead')
    const rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }]
    const error = await failure(lead.patch(Role, { namespace, name: 'pods' }, { rules }, { type: 'merge' }))
    expect(error.code).toBe(403)
  })
  test('a binding to a role with more rights is refused, unless its author may bind that role', async () => {
    const lead = cluster.as('lead')
    expect(
      (await failure(lead.create(RoleBinding, binding('give', 'ClusterRole', 'cluster-admin')))).message,
    ).toContain('is attempting to grant RBAC permissions not currently held')
    await lead.create(RoleBinding, binding('give-pods', 'Role', 'pods'))
    await cluster.admin.create(ClusterRole, {
      metadata: { name: 'view-binder' },
      rules: [{ verbs: ['bind'], apiGroups: [rbac], resources: ['clusterroles'], resourceNames: ['view'] }],
    })
    await cluster.admin.create(ClusterRoleBinding, {
      metadata: { name: 'lead-binds-view' },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'view-binder' },
      subjects: [{ kind: 'User', apiGroup: rbac, name: 'lead' }],
    })
    await lead.create(RoleBinding, binding('give-view', 'ClusterRole', 'view'))
    expect((await failure(lead.create(RoleBinding, binding('give-edit', 'ClusterRole', 'edit')))).code).toBe(403)
  })
  test('a role with more rights is written by whoever may escalate that role', async () => {
    const lead = cluster.as('lead')
    const rules = role('raised', ['delete'], ['secrets']).rules
    await cluster.admin.create(Role, {
      metadata: { name: 'escalator', namespace },
      rules: [{ verbs: ['escalate'], apiGroups: [rbac], resources: ['roles'], resourceNames: ['raised'] }],
    })
    const given = { ...binding('lead-escalates', 'Role', 'escalator'), subjects: [{ kind: 'User', apiGroup: rbac, name: 'lead' }] } // prettier-ignore
    const raised = role('raised', ['get'], ['pods'])
    expect((await failure(lead.create(Role, { ...raised, rules }))).code).toBe(403)
    await lead.create(Role, raised)
    const change = (name: string) => lead.patch(Role, { namespace, name }, { rules }, { type: 'merge' })
    expect((await failure(change('raised'))).code).toBe(403)
    await cluster.admin.create(RoleBinding, given)
    expect((await change('raised')).rules).toEqual(rules)
    // It is about that role alone.
    expect((await failure(change('pods'))).message).toContain('is attempting to grant RBAC permissions')
  })
  test('a binding to a role that is not there answers 404', async () => {
    const error = await failure(cluster.as('lead').create(RoleBinding, binding('none', 'Role', 'missing')))
    expect([error.code, error.message]).toEqual([404, 'rolebindings.rbac.authorization.k8s.io "missing" not found'])
  })
  test('secrets stay out of reach', async () => {
    expect((await failure(cluster.as('lead').list(Secret, { namespace }))).code).toBe(403)
  })
})
