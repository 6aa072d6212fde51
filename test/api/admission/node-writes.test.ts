// What a node writes beside its status: mirror pods, requests for certificates, its own Node, the claims of its pods.
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CertificateSigningRequest } from '../../../src/shared/api/certificates/v1.ts'
import { Node, PersistentVolumeClaim, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

const namespace = 'default'
const MIRROR = { 'kubernetes.io/config.mirror': 'x' }
let cluster: SecuredCluster
let uid: string
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  ;({ uid } = (await cluster.node('one').create(Node, { metadata: { name: 'one' }, spec: {} })).metadata)
})
afterAll(() => cluster[Symbol.asyncDispose]())

describe('a mirror pod', () => {
  let made = 0
  const mirror = (ownerReferences: object[], spec: object = {}) => ({
    metadata: { name: `mirror-${made++}`, namespace, annotations: MIRROR, ownerReferences: ownerReferences as never },
    spec: { nodeName: 'one', containers: [{ name: 'main', image: 'x' }], ...spec },
  })
  const owner = (more: object = {}) => ({ apiVersion: 'v1', kind: 'Node', name: 'one', uid, controller: true, ...more })

  test.each<[string, () => object[]]>([
    ['node "one" can only create pods with an owner reference set to itself', () => []],
    ['node "one" can only create pods with an owner reference set to itself', () => [owner({ name: 'two' })]],
    ['node "one" can only create pods with an owner reference set to itself', () => [owner({ kind: 'Pod' })]],
    ['node "one" can only create pods with a single owner reference set to itself', () => [owner(), owner({ name: 'two', uid: 'b', controller: false })]], // prettier-ignore
    ['node "one" can only create pods with a controller owner reference set to itself', () => [owner({ controller: false })]], // prettier-ignore
    ['node "one" must not set blockOwnerDeletion on an owner reference', () => [owner({ blockOwnerDeletion: true })]],
    ['node one UID mismatch: expected other got', () => [owner({ uid: 'other' })]],
  ])('%s', async (why, owners) => {
    const { code, message } = await failure(cluster.node('one').create(Pod, mirror(owners())))
    expect([code, message]).toEqual([403, expect.stringContaining(why)])
  })

  test.each<[string, object]>([
    ['a mirror pod may not reference service accounts', { serviceAccountName: 'default' }],
    ['a mirror pod may not reference secrets', { volumes: [{ name: 's', secret: { secretName: 'x' } }] }],
    ['a mirror pod may not reference secrets', { containers: [{ name: 'main', image: 'x', envFrom: [{ secretRef: { name: 'x' } }] }] }], // prettier-ignore
    ['a mirror pod may not use ServiceAccountToken volume projections', { volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] }], // prettier-ignore
  ])('of whoever makes it: %s', async (why, spec) => {
    const { code, message } = await failure(cluster.admin.create(Pod, mirror([owner()], spec)))
    expect([code, message]).toEqual([403, expect.stringContaining(why)])
  })

  test('of the node, owned by it, is let in, and only made and deleted', async () => {
    const { metadata } = await cluster.node('one').create(Pod, mirror([owner()]))
    const label = cluster.node('one').patch(Pod, metadata, { metadata: { labels: { a: 'b' } } }, { type: 'merge' })
    expect((await failure(label)).code).toBe(403)
    await cluster.node('one').delete(Pod, metadata, { gracePeriodSeconds: 0 })
    expect((await failure(cluster.admin.get(Pod, metadata))).code).toBe(404)
  })
})

describe('a request for a certificate of a kubelet', () => {
  let made = 0
  const requestFor = (commonName: string) => {
    const args = 'req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null'.split(' ')
    const subject = ['-subj', `/O=system:nodes/CN=${commonName}`]
    return execFileSync('openssl', [...args, ...subject], { stdio: ['ignore', 'pipe', 'ignore'] }).toString('base64')
  }
  const ask = (commonName: string, signerName: string) =>
    cluster.node('one').create(CertificateSigningRequest, {
      metadata: { name: `request-${made++}` },
      spec: { request: requestFor(commonName), signerName, usages: ['digital signature', signerName.endsWith('serving') ? 'server auth' : 'client auth'] }, // prettier-ignore
    })

  test.each(['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving'])(
    'of %s names the node that asks',
    async signer => {
      expect((await ask('system:node:one', signer)).spec.username).toBe('system:node:one')
      expect((await failure(ask('system:node:two', signer))).message).toMatch(
        /is forbidden: can only create a node CSR with CN=system:node:one$/,
      )
    },
  )
  test.each([undefined, 'bm8gcmVxdWVzdA=='])('that is none (%s) is refused', async request => {
    const draft = { metadata: { name: 'none' }, spec: { signerName: 'kubernetes.io/kubelet-serving', request, usages: ['server auth'] } } // prettier-ignore
    const { code, message } = await failure(cluster.node('one').create(CertificateSigningRequest, draft as never))
    expect([code, message]).toEqual([
      403,
      'certificatesigningrequests.certificates.k8s.io "none" is forbidden: unable to parse csr: PEM block type must be CERTIFICATE REQUEST',
    ])
  })
  test('of another signer may name whomever', async () => {
    expect((await ask('jane', 'example.com/people')).spec.signerName).toBe('example.com/people')
  })
})

test('a node makes itself with no source of a configuration', async () => {
  const spec = { configSource: { configMap: { name: 'a', namespace, kubeletConfigKey: 'b' } } }
  const { code, message } = await failure(cluster.node('two').create(Node, { metadata: { name: 'two' }, spec }))
  expect([code, message]).toEqual([
    403,
    'nodes "two" is forbidden: node "two" is not allowed to create pods with a non-nil configSource',
  ])
})

test('a node tells how large the claims of its pods have become, and changes nothing else of them', async () => {
  const ref = { name: 'data', namespace }
  await cluster.admin.create(PersistentVolumeClaim, {
    metadata: ref,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  await cluster.admin.create(Pod, {
    metadata: { name: 'uses', namespace },
    spec: {
      nodeName: 'one',
      containers: [{ name: 'main', image: 'x' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  })
  const tell = (change: object, subresource?: 'status') =>
    cluster
      .node('one')
      .patch(PersistentVolumeClaim, ref, change, { type: 'merge', ...(subresource && { subresource }) })
  expect((await tell({ status: { capacity: { storage: '2Gi' } } }, 'status')).status.capacity).toEqual({
    storage: '2Gi',
  })
  for (const change of [{ metadata: { labels: { a: 'b' } } }, { status: { phase: 'Lost' } }])
    expect((await failure(tell(change, 'status'))).message).toContain(
      'node "one" is not allowed to update fields other than',
    )
  expect((await failure(tell({ metadata: { labels: { a: 'b' } } }))).code).toBe(403)
})
