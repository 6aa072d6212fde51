// What admission fills in: priorities, tolerations and default classes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ServiceAccount,
} from '../../../src/shared/api/core/v1.ts'
import { Ingress, IngressClass } from '../../../src/shared/api/networking/v1.ts'
import { PriorityClass } from '../../../src/shared/api/scheduling/v1.ts'
import { StorageClass, VolumeAttributesClass } from '../../../src/shared/api/storage/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
const namespace = 'default'
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
})
afterAll(() => cluster[Symbol.asyncDispose]())

let made = 0
const pod = (spec: object = {}) =>
  cluster.admin.create(Pod, {
    metadata: { name: `pod-${made++}`, namespace },
    spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
  })

describe('ServiceAccount', () => {
  test('a pod that is created right after its namespace gets the default account once that is there', async () => {
    const elsewhere = { metadata: { name: 'early', namespace: 'elsewhere' }, spec: { containers: [{ name: 'main', image: 'x' }] } } // prettier-ignore
    await cluster.admin.create(Namespace, { metadata: { name: 'elsewhere' }, spec: {} })
    const early = cluster.admin.create(Pod, elsewhere)
    await new Promise(resolve => setImmediate(resolve))
    await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace: 'elsewhere' } })
    expect((await early).spec.serviceAccountName).toBe('default')
  })
  test('an account that is not there is told at once, the default one after a while', async () => {
    expect((await failure(pod({ serviceAccountName: 'robot' }))).message).toContain(
      'error looking up service account default/robot: serviceaccount "robot" not found',
    )
    await cluster.admin.create(Namespace, { metadata: { name: 'without' }, spec: {} })
    const lonely = { metadata: { name: 'p', namespace: 'without' }, spec: { containers: [{ name: 'main', image: 'x' }] } } // prettier-ignore
    expect((await failure(cluster.admin.create(Pod, lonely))).message).toBe(
      'pods "p" is forbidden: error looking up service account without/default: serviceaccount "default" not found',
    )
  })
})

describe('the account of a pod', () => {
  beforeAll(async () => {
    const metadata = { name: 'puller', namespace }
    await cluster.admin.create(ServiceAccount, { metadata, imagePullSecrets: [{ name: 'registry' }] })
    await cluster.admin.create(ServiceAccount, {
      metadata: { name: 'strict', namespace, annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
      secrets: [{ name: 'mine' }],
      imagePullSecrets: [{ name: 'registry' }],
    })
  })

  test('gives its pull secrets to pods that name none, and a token to those that do not go without', async () => {
    const { spec } = await pod({ serviceAccountName: 'puller' })
    expect(spec.imagePullSecrets).toEqual([{ name: 'registry' }])
    expect(spec.volumes).toMatchObject([{ projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607 } }, {}, {}] } }]) // prettier-ignore
    expect(spec.containers[0]?.volumeMounts).toMatchObject([
      { mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
    ])
    const own = { imagePullSecrets: [{ name: 'own' }], automountServiceAccountToken: false }
    const other = await pod({ serviceAccountName: 'puller', ...own })
    expect(other.spec.imagePullSecrets).toEqual([{ name: 'own' }])
    expect(other.spec.volumes ?? []).toEqual([])
  })

  test.each<[account: boolean | undefined, pod: boolean | undefined, mounted: boolean]>([
    [undefined, undefined, true],
    [true, undefined, true],
    [false, undefined, false],
    [undefined, true, true],
    [true, true, true],
    [false, true, true],
    [undefined, false, false],
    [true, false, false],
    [false, false, false],
  ])('that says %s of its token, to a pod that says %s, gives it: %s', async (account, own, mounted) => {
    const automount = (value: boolean | undefined) =>
      value === undefined ? {} : { automountServiceAccountToken: value }
    const serviceAccountName = `mounting-${made++}`
    await cluster.admin.create(ServiceAccount, {
      metadata: { name: serviceAccountName, namespace },
      ...automount(account),
    })
    const { spec } = await pod({ serviceAccountName, ...automount(own) })
    const paths = (spec.containers[0]?.volumeMounts ?? []).map(({ mountPath }) => mountPath)
    expect(paths).toEqual(mounted ? ['/var/run/secrets/kubernetes.io/serviceaccount'] : [])
    const sources = spec.volumes?.[0]?.projected?.sources ?? []
    const parts = sources.map(({ serviceAccountToken, configMap, downwardAPI }) =>
      [serviceAccountToken?.path, configMap?.name, downwardAPI?.items?.[0]?.path].find(part => part !== undefined),
    )
    expect(parts).toEqual(mounted ? ['token', 'kube-root-ca.crt', 'namespace'] : [])
  })

  const main = { name: 'main', image: 'x' }
  const key = (name: string) => ({ name: 'V', valueFrom: { secretKeyRef: { name, key: 'k' } } })
  const because = 'is not allowed because service account strict does not reference that'
  test.each([
    [
      { volumes: [{ name: 'v', secret: { secretName: 'theirs' } }] },
      `volume with secret.secretName="theirs" ${because} secret`,
    ],
    [
      { containers: [{ ...main, env: [key('theirs')] }] },
      `container main with envVar V referencing secret.secretName="theirs" ${because} secret`,
    ],
    [
      { initContainers: [{ ...main, name: 'init', envFrom: [{ secretRef: { name: 'theirs' } }] }] },
      `init container init with envFrom referencing secret.secretName="theirs" ${because} secret`,
    ],
    [
      { imagePullSecrets: [{ name: 'registry' }, { name: 'theirs' }] },
      `imagePullSecrets[1].name="theirs" ${because} imagePullSecret`,
    ],
  ])('that lets its pods have its own secrets alone refuses %j', async (spec, why) => {
    expect((await failure(pod({ serviceAccountName: 'strict', ...spec }))).message).toContain(`is forbidden: ${why}`)
  })
  test('that does lets them have these, and asks of debugging containers the same', async () => {
    const made = await pod({
      serviceAccountName: 'strict',
      volumes: [{ name: 'v', secret: { secretName: 'mine' } }],
      containers: [{ ...main, env: [key('mine')] }],
    })
    const debug = (secret: string) =>
      cluster.admin.patch(
        Pod,
        made.metadata,
        { spec: { ephemeralContainers: [{ name: 'debug', image: 'x', env: [key(secret)] }] } },
        { subresource: 'ephemeralcontainers' },
      )
    expect((await failure(debug('theirs'))).message).toContain(
      `ephemeral container debug with envVar V referencing secret.secretName="theirs" ${because} secret`,
    )
    expect((await debug('mine')).spec.ephemeralContainers).toHaveLength(1)
  })

  test.each([
    [{ serviceAccountName: 'puller' }, 'a mirror pod may not reference service accounts'],
    [{ imagePullSecrets: [{ name: 'registry' }] }, 'a mirror pod may not reference secrets'],
  ])('is nothing to a mirror pod, which may not have %j', async (spec, why) => {
    const metadata = { name: `mirror-${made++}`, namespace, annotations: { 'kubernetes.io/config.mirror': 'x' } }
    const mirror = (more: object) =>
      cluster.admin.create(Pod, { metadata, spec: { containers: [main], nodeName: 'n', ...more } })
    expect((await failure(mirror(spec))).message).toContain(`is forbidden: ${why}`)
    expect((await mirror({})).spec.serviceAccountName ?? '').toBe('')
  })
})

describe('Priority', () => {
  test('is zero without a class, and the class decides otherwise', async () => {
    expect((await pod()).spec).toMatchObject({ priority: 0, preemptionPolicy: 'PreemptLowerPriority' })
    expect((await pod({ priorityClassName: 'system-node-critical' })).spec.priority).toBe(2_000_001_000)
  })
  test('refuses an unknown class and a number of its own', async () => {
    expect((await failure(pod({ priorityClassName: 'gold' }))).message).toMatch(
      /^pods "pod-\d+" is forbidden: no PriorityClass with name gold was found$/,
    )
    expect((await failure(pod({ priority: 7 }))).message).toContain(
      'the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    )
  })
  test('has one global default, which pods without a class get', async () => {
    const make = (name: string, value: number) =>
      cluster.admin.create(PriorityClass, { metadata: { name }, value, globalDefault: true })
    await make('usual', 10)
    expect((await pod()).spec).toMatchObject({ priority: 10, priorityClassName: 'usual' })
    expect((await failure(make('second', 20))).message).toContain(
      'PriorityClass usual is already marked as default. Only one default can exist',
    )
    await cluster.admin.delete(PriorityClass, { name: 'usual' })
    expect((await pod()).spec.priority).toBe(0)
  })
})

test('DefaultTolerationSeconds adds what the pod does not say itself', async () => {
  const key = 'node.kubernetes.io/not-ready'
  const other = {
    key: 'node.kubernetes.io/unreachable',
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }
  expect((await pod()).spec.tolerations).toEqual([{ ...other, key }, other])
  const own = { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 }
  expect((await pod({ tolerations: [own] })).spec.tolerations).toEqual([own, other])
  const all = [{ operator: 'Exists' }]
  expect((await pod({ tolerations: all })).spec.tolerations).toEqual(all)
  const { metadata } = await pod()
  const added = { key: 'maintenance', operator: 'Exists' }
  const change = [
    { op: 'test', path: '/spec/tolerations/0/key', value: key },
    { op: 'replace', path: '/spec/tolerations', value: [added] },
  ]
  const updated = await cluster.admin.patch(Pod, metadata, change, { type: 'json' })
  expect(updated.spec.tolerations).toEqual([added, { ...other, key }, other])
})

test('what plugins add is owned by nobody: whoever applies the object later need not repeat it', async () => {
  const made = await pod()
  expect(made.spec).toMatchObject({ priority: 0, tolerations: [{}, {}] })
  const [entry] = made.metadata.managedFields ?? []
  const { 'f:spec': owned } = entry?.fieldsV1 as { 'f:spec': object }
  expect(owned).toHaveProperty('f:containers')
  expect(owned).toHaveProperty('f:restartPolicy')
  for (const field of ['f:priority', 'f:tolerations', 'f:serviceAccountName', 'f:volumes'])
    expect(owned).not.toHaveProperty(field)
  const { managedFields: _, ...metadata } = made.metadata
  const labels = { tier: 'front' }
  const replaced = await cluster.admin.update(Pod, { ...made, metadata: { ...metadata, labels } })
  expect(JSON.stringify(replaced.metadata.managedFields)).not.toContain('f:tolerations')
})

test('DefaultStorageClass names the default, not where the claim says none', async () => {
  await cluster.admin.create(StorageClass, {
    metadata: { name: 'fast', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.test/fast',
  })
  const claim = (name: string, spec: object) =>
    cluster.admin.create(PersistentVolumeClaim, {
      metadata: { name, namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    })
  expect((await claim('a', {})).spec.storageClassName).toBe('fast')
  expect((await claim('b', { storageClassName: '' })).spec.storageClassName).toBe('')
})

test('DefaultIngressClass names the default', async () => {
  await cluster.admin.create(IngressClass, {
    metadata: { name: 'edge', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: 'example.test/edge' },
  })
  const ingress = await cluster.admin.create(Ingress, {
    metadata: { name: 'web', namespace },
    spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
  })
  expect(ingress.spec.ingressClassName).toBe('edge')
})

test('StorageObjectInUseProtection holds claims, volumes and classes of attributes from their first moment on', async () => {
  const claim = await cluster.admin.create(PersistentVolumeClaim, {
    metadata: { namespace, name: `claim-${made++}`, finalizers: ['example.com/mine'] },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  })
  expect(claim.metadata.finalizers).toEqual(['example.com/mine', 'kubernetes.io/pvc-protection'])
  const volume = await cluster.admin.create(PersistentVolume, {
    metadata: { name: `volume-${made++}` },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/srv' } },
  })
  expect(volume.metadata.finalizers).toEqual(['kubernetes.io/pv-protection'])
  const attributes = await cluster.admin.create(VolumeAttributesClass, {
    metadata: { name: `attributes-${made++}` },
    driverName: 'csi.example.com',
    parameters: { iops: '100' },
  })
  expect(attributes.metadata.finalizers).toEqual(['kubernetes.io/vac-protection'])
})
