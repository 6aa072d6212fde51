// A node reaches what belongs to it and to the pods bound to it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CustomResourceDefinition } from '../../../src/shared/api/apiextensions/v1.ts'
import { ConfigMap, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount } from '../../../src/shared/api/core/v1.ts' // prettier-ignore
import { Lease } from '../../../src/shared/api/coordination/v1.ts'
import { EndpointSlice } from '../../../src/shared/api/discovery/v1.ts'
import { Gateway, GATEWAY_GROUP, GatewayClass, ReferenceGrant } from '../../../src/shared/api/gateway/v1.ts'
import { Ingress, IngressClass, NetworkPolicy } from '../../../src/shared/api/networking/v1.ts'
import { ResourceSlice } from '../../../src/shared/api/resource/v1.ts'
import { GATEWAY_CLASS_CRD, GATEWAY_CONTROLLER } from '../../../src/shared/machinery/gateway/ours.ts'
import { INGRESS_CONTROLLER, INGRESS_NODE_LABEL } from '../../../src/shared/machinery/ingress/ours.ts'
import { LOCAL_VOLUME_FINALIZER } from '../../../src/shared/machinery/local-volumes.ts'
import { eventually } from '../../support/eventually.ts'
import { GATEWAY_KINDS, gatewayDefinitions } from '../../support/gateway-definitions.ts'
import { failure, startSecuredCluster, type SecuredCluster } from './support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  const { admin } = cluster
  for (const name of ['one', 'two']) await cluster.node(name).create(Node, { metadata: { name }, spec: {} })
  await admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  for (const name of ['used', 'pulled', 'volume-secret', 'other'])
    await admin.create(Secret, { metadata: { name, namespace }, data: {} })
  for (const name of ['settings', 'unused']) await admin.create(ConfigMap, { metadata: { name, namespace }, data: {} })
  await admin.create(PersistentVolumeClaim, {
    metadata: { name: 'data', namespace },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  await admin.create(PersistentVolume, {
    metadata: { name: 'pv' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      claimRef: { namespace, name: 'data' },
      csi: {
        driver: 'csi.example.test',
        volumeHandle: 'x',
        nodeStageSecretRef: { name: 'volume-secret', namespace },
      },
    },
  })
  await admin.create(Pod, {
    metadata: { name: 'app', namespace },
    spec: {
      nodeName: 'one',
      imagePullSecrets: [{ name: 'pulled' }],
      containers: [{ name: 'main', image: 'x', envFrom: [{ secretRef: { name: 'used' } }] }],
      volumes: [
        { name: 'settings', projected: { sources: [{ configMap: { name: 'settings' } }] } },
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      ],
    },
  })
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** Added by admission to every volume. */
const PROTECTION = 'kubernetes.io/pv-protection'

describe('local volumes', () => {
  const make = (name: string, node: string) =>
    cluster.admin.create(PersistentVolume, {
      metadata: {
        name,
        annotations: { 'pv.kubernetes.io/provisioned-by': 'flotilla.dev/local-path' },
        finalizers: [LOCAL_VOLUME_FINALIZER, 'example.test/mine'],
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        local: { path: `/volumes/${name}` },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
            ],
          },
        },
      },
    })
  const finalizers = (...left: string[]) => ({ metadata: { finalizers: left } })
  const merge = { type: 'merge' } as const

  test('lose their finalizer through their own node, when they are deleted, and nothing else', async () => {
    await make('of-one', 'one')
    const one = cluster.node('one')
    const ref = { name: 'of-one' }
    expect((await one.list(PersistentVolume)).items.map(({ metadata }) => metadata.name)).toContain('of-one')
    const early = await failure(one.patch(PersistentVolume, ref, finalizers('example.test/mine', PROTECTION), merge))
    expect(early.message).toContain('may only remove the finalizer flotilla.dev/local-volume of a deleted volume')
    await cluster.admin.delete(PersistentVolume, ref)
    expect((await failure(one.patch(PersistentVolume, ref, finalizers(), merge))).code).toBe(403)
    const relabelled = { metadata: { finalizers: ['example.test/mine', PROTECTION], labels: { a: 'b' } } }
    expect((await failure(one.patch(PersistentVolume, ref, relabelled, merge))).code).toBe(403)
    const other = await failure(
      cluster.node('two').patch(PersistentVolume, ref, finalizers('example.test/mine', PROTECTION), merge),
    )
    expect(other.message).toContain('can only update local volumes of its own')
    await one.patch(PersistentVolume, ref, finalizers('example.test/mine', PROTECTION), merge)
    const left = await cluster.admin.get(PersistentVolume, ref)
    expect(left.metadata.finalizers).toEqual(['example.test/mine', PROTECTION])
  })
  test('are the only volumes that a node may change', async () => {
    const error = await failure(cluster.node('one').patch(PersistentVolume, { name: 'pv' }, finalizers(), merge))
    expect(error.code).toBe(403)
  })
})

describe('the node that runs the pod', () => {
  test('reads what the pod refers to, directly and through its claim', async () => {
    const one = cluster.node('one')
    for (const name of ['used', 'pulled', 'volume-secret']) await one.get(Secret, { namespace, name })
    await one.get(ConfigMap, { namespace, name: 'settings' })
    await one.get(PersistentVolumeClaim, { namespace, name: 'data' })
    await one.get(PersistentVolume, { name: 'pv' })
    await one.get(Pod, { namespace, name: 'app' })
  })
  test('lists one object by its name, but never a whole kind', async () => {
    const one = cluster.node('one')
    const { items } = await one.list(Secret, { namespace, fieldSelector: 'metadata.name=used' })
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['used'])
    const error = await failure(one.list(Secret, { namespace }))
    expect(error.code).toBe(403)
    expect(error.message).toBe(
      'secrets is forbidden: User "system:node:one" cannot list resource "secrets" in API group "" in the namespace "default": No Object name found',
    )
  })
  test('does not read what no pod of its refers to', async () => {
    const error = await failure(cluster.node('one').get(Secret, { namespace, name: 'other' }))
    expect(error.message).toBe(
      'secrets "other" is forbidden: User "system:node:one" cannot get resource "secrets" in API group "" in the namespace "default": ' +
        "no relationship found between node 'one' and this object",
    )
  })
  test('gets a token of the pod, of no other account', async () => {
    const pod = await cluster.admin.get(Pod, { namespace, name: 'app' })
    const body = {
      spec: { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'app', uid: pod.metadata.uid } },
    }
    const ask = (node: string, name: string) =>
      cluster.node(node).createSubresource(ServiceAccount, { namespace, name }, 'token', body)
    expect(await ask('one', 'default')).toMatchObject({ status: { token: expect.stringMatching(/\..*\./) } })
    await cluster.admin.create(ServiceAccount, { metadata: { name: 'robot', namespace } })
    expect((await failure(ask('one', 'robot'))).code).toBe(403)
    expect((await failure(ask('two', 'default'))).code).toBe(403)
  })
})

describe('another node', () => {
  test('reads none of it', async () => {
    const two = cluster.node('two')
    const answers = await Promise.all([
      failure(two.get(Secret, { namespace, name: 'used' })),
      failure(two.get(Secret, { namespace, name: 'volume-secret' })),
      failure(two.get(ConfigMap, { namespace, name: 'settings' })),
      failure(two.get(PersistentVolumeClaim, { namespace, name: 'data' })),
      failure(two.get(PersistentVolume, { name: 'pv' })),
    ])
    expect(answers.map(({ code }) => code)).toEqual([403, 403, 403, 403, 403])
  })
})

test('access ends with the pod', async () => {
  await cluster.admin.create(Secret, { metadata: { name: 'brief', namespace }, data: {} })
  await cluster.admin.create(Pod, {
    metadata: { name: 'brief', namespace },
    spec: {
      nodeName: 'two',
      containers: [{ name: 'main', image: 'x' }],
      volumes: [{ name: 's', secret: { secretName: 'brief' } }],
    },
  })
  await cluster.node('two').get(Secret, { namespace, name: 'brief' })
  await cluster.admin.delete(Pod, { namespace, name: 'brief' }, { gracePeriodSeconds: 0 })
  expect((await failure(cluster.node('two').get(Secret, { namespace, name: 'brief' }))).code).toBe(403)
})

test('a mirror pod opens nothing', async () => {
  const uid = (await cluster.admin.get(Node, { name: 'two' })).metadata.uid
  await cluster.node('two').create(Pod, {
    metadata: {
      name: 'mirror-two',
      namespace,
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'two', uid, controller: true }],
    },
    spec: { nodeName: 'two', containers: [{ name: 'main', image: 'x' }] },
  })
  expect((await failure(cluster.node('two').get(Secret, { namespace, name: 'other' }))).code).toBe(403)
})

test("a node's lease is its own", async () => {
  const ref = (name: string) => ({ name, namespace: 'kube-node-lease' })
  await cluster.node('one').create(Lease, { metadata: ref('one'), spec: {} })
  await cluster.node('one').get(Lease, ref('one'))
  expect((await failure(cluster.node('two').get(Lease, ref('one')))).message).toContain(
    'can only access node lease with the same name as the requesting node',
  )
})

test("a node's devices are listed and deleted by its name alone", async () => {
  const slice = (nodeName: string) => ({
    metadata: { name: `${nodeName}-devices` },
    spec: { driver: 'test.example.com', nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 } },
  })
  for (const name of ['one', 'two']) await cluster.node(name).create(ResourceSlice, slice(name))
  const one = cluster.node('one')
  expect((await one.list(ResourceSlice, { fieldSelector: 'spec.nodeName=one' })).items).toHaveLength(1)
  for (const fieldSelector of ['spec.nodeName=two', undefined])
    expect((await failure(one.list(ResourceSlice, fieldSelector ? { fieldSelector } : {}))).message).toContain(
      'can only list/watch/deletecollection resourceslices with nodeName field selector',
    )
  expect((await failure(one.deleteCollection(ResourceSlice, { fieldSelector: 'spec.nodeName=two' }))).code).toBe(403)
  await one.deleteCollection(ResourceSlice, { fieldSelector: 'spec.nodeName=one' })
  expect((await cluster.admin.list(ResourceSlice)).items.map(({ metadata }) => metadata.name)).toEqual(['two-devices'])
})

test('a node reads the service accounts of its pods', async () => {
  await cluster.node('one').get(ServiceAccount, { name: 'default', namespace })
  expect((await failure(cluster.node('two').get(ServiceAccount, { name: 'other', namespace }))).code).toBe(403)
})

test('every node follows what its network needs', async () => {
  const one = cluster.node('one')
  for (const type of [Service, EndpointSlice, Node, NetworkPolicy, Ingress, IngressClass, Namespace, Pod])
    expect((await one.list(type as typeof Pod)).resourceVersion).toMatch(/^\d+$/)
})

test('a member of system:nodes without a node name has no rights of a node', async () => {
  const stranger = cluster.as('mallory', 'system:nodes')
  const error = await failure(stranger.get(Secret, { namespace, name: 'used' }))
  expect(error.message).toContain('unknown node for user "mallory"')
})

describe('certificates of Ingresses', () => {
  const read = (node: string, name: string) =>
    cluster
      .node(node)
      .list(Secret, { namespace, fieldSelector: `metadata.name=${name}` })
      .then(
        ({ items }) => items.length,
        (error: { code: number }) => error.code,
      )
  const choose = (node: string, value: string | null) =>
    cluster.admin.patch(
      Node,
      { name: node },
      { metadata: { labels: { [INGRESS_NODE_LABEL]: value } } },
      { type: 'merge' },
    )

  test('are for the nodes that serve them, and only while a class of ours asks for it', async () => {
    await cluster.admin.create(Secret, { metadata: { name: 'certificate', namespace }, data: {} })
    await cluster.admin.create(Ingress, {
      metadata: { name: 'site', namespace },
      spec: {
        ingressClassName: 'ours',
        defaultBackend: { service: { name: 'web', port: { number: 80 } } },
        tls: [{ secretName: 'certificate' }],
      },
    })
    expect(await read('one', 'certificate')).toBe(403)
    await cluster.admin.create(IngressClass, { metadata: { name: 'ours' }, spec: { controller: INGRESS_CONTROLLER } })
    expect([await read('one', 'certificate'), await read('two', 'certificate')]).toEqual([1, 1])
    expect(await read('one', 'other')).toBe(403)
    await choose('two', 'true')
    expect([await read('one', 'certificate'), await read('two', 'certificate')]).toEqual([403, 1])
    await choose('two', null)
    await choose('one', 'false')
    expect([await read('one', 'certificate'), await read('two', 'certificate')]).toEqual([403, 1])
    await cluster.admin.delete(IngressClass, { name: 'ours' })
    expect(await read('two', 'certificate')).toBe(403)
  })

  test('of Gateways as well, across namespaces where a ReferenceGrant allows it', async () => {
    const { admin } = cluster
    for (const each of gatewayDefinitions()) await admin.create(CustomResourceDefinition, each)
    await admin.create(Namespace, { metadata: { name: 'vault' }, spec: {} })
    await admin.create(Secret, { metadata: { name: 'far', namespace: 'vault' }, data: {} })
    for (const type of GATEWAY_KINDS) await eventually(() => admin.list(type))
    const certificateRefs = [{ name: 'certificate' }, { name: 'far', namespace: 'vault' }]
    await admin.create(Gateway, {
      metadata: { name: 'gw', namespace },
      spec: {
        gatewayClassName: 'ours',
        listeners: [{ name: 'a', port: 443, protocol: 'HTTPS', tls: { certificateRefs } }],
      },
    })
    const far = () => cluster.node('two').get(Secret, { namespace: 'vault', name: 'far' }).then(() => 200, error => (error as { code: number }).code) // prettier-ignore
    expect([await read('two', 'certificate'), await far()]).toEqual([403, 403])
    await admin.create(GatewayClass, { metadata: { name: 'ours' }, spec: { controllerName: GATEWAY_CONTROLLER } })
    expect([await read('two', 'certificate'), await read('one', 'certificate'), await far()]).toEqual([1, 403, 403])
    await admin.create(ReferenceGrant, {
      metadata: { name: 'grant', namespace: 'vault' },
      spec: { from: [{ group: GATEWAY_GROUP, kind: 'Gateway', namespace }], to: [{ group: '', kind: 'Secret' }] },
    })
    expect(await far()).toBe(200)
    const one = cluster.node('two')
    for (const type of GATEWAY_KINDS) expect((await one.list(type)).resourceVersion).toMatch(/^\d+$/)
    const definition = { fieldSelector: `metadata.name=${GATEWAY_CLASS_CRD}` }
    expect((await one.list(CustomResourceDefinition, definition)).items).toHaveLength(1)
    expect((await failure(one.list(CustomResourceDefinition))).code).toBe(403)
    await admin.delete(GatewayClass, { name: 'ours' })
    expect([await read('two', 'certificate'), await far()]).toEqual([403, 403])
  })

  test('come to no node that chooses itself', async () => {
    const labels = { [INGRESS_NODE_LABEL]: 'true' }
    const own = cluster.node('one').patch(Node, { name: 'one' }, { metadata: { labels } }, { type: 'merge' })
    expect((await failure(own)).message).toContain(`is not allowed to modify labels: ${INGRESS_NODE_LABEL}`)
  })
})
