import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ReplicaSet } from '../../src/shared/api/apps/v1.ts'
import { ConfigMap, Event, Namespace, Pod, Secret, Service, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, podsIn, reportPod, startCluster } from './support/cluster.ts'

let cluster: Cluster
let count = 0
beforeAll(async () => (cluster = await startCluster()))
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function newNamespace(): Promise<string> {
  const name = `test-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  return name
}
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
const createSet = (namespace: string, replicas: number, extra: Partial<ReplicaSet['spec']> = {}) =>
  cluster.client.create(ReplicaSet, {
    metadata: { namespace, name: 'web' },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template, ...extra },
  })
const getSet = (namespace: string) => cluster.client.get(ReplicaSet, { namespace, name: 'web' })
const pods = (namespace: string) => podsIn(cluster.client, namespace)
const livePods = async (namespace: string) => (await pods(namespace)).filter(pod => !pod.metadata.deletionTimestamp)

describe('replicaset', () => {
  test('makes exactly as many pods as asked, also many at once', async () => {
    const namespace = await newNamespace()
    await createSet(namespace, 120)
    await eventually(async () => {
      expect((await getSet(namespace)).status).toMatchObject({
        replicas: 120,
        fullyLabeledReplicas: 120,
        observedGeneration: 1,
      })
    })
    expect(await pods(namespace)).toHaveLength(120)
  })

  test('replaces a pod that is deleted and one that failed', async () => {
    const namespace = await newNamespace()
    await createSet(namespace, 2)
    const [first, second] = await eventually(async () => {
      const found = await livePods(namespace)
      expect(found).toHaveLength(2)
      return found
    })
    await cluster.client.delete(Pod, first!.metadata)
    const { metadata } = second!
    await cluster.client.patch(Pod, metadata, { status: { phase: 'Failed' } }, { subresource: 'status', type: 'merge' })
    await eventually(async () => {
      const running = (await livePods(namespace)).filter(pod => pod.status.phase !== 'Failed')
      expect(running).toHaveLength(2)
      expect(running.map(pod => pod.metadata.name)).not.toContain(first!.metadata.name)
    })
  })

  test('adopts a matching orphan, and releases a pod that is relabelled', async () => {
    const namespace = await newNamespace()
    await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
    const orphan = await cluster.client.create(Pod, {
      metadata: { namespace, name: 'lonely', labels: { app: 'web' } },
      spec: template.spec,
    })
    const { metadata } = await createSet(namespace, 1)
    await eventually(async () => {
      const adopted = await cluster.client.get(Pod, orphan.metadata)
      expect(adopted.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid, controller: true }])
    })
    expect(await pods(namespace)).toHaveLength(1)
    await cluster.client.patch(Pod, orphan.metadata, { metadata: { labels: { app: 'debug' } } })
    await eventually(async () => {
      const released = await cluster.client.get(Pod, orphan.metadata)
      expect(released.metadata.ownerReferences ?? []).toEqual([])
      expect(await pods(namespace)).toHaveLength(2)
    })
  })

  test('removes pods that are not ready before those that are', async () => {
    const namespace = await newNamespace()
    await createSet(namespace, 4)
    const created = await eventually(async () => {
      const found = await livePods(namespace)
      expect(found).toHaveLength(4)
      return found
    })
    const [ready, ...others] = created
    await reportPod(cluster.client, ready!)
    await eventually(async () => expect((await getSet(namespace)).status.readyReplicas).toBe(1))
    await cluster.client.patch(ReplicaSet, { namespace, name: 'web' }, { spec: { replicas: 1 } })
    await eventually(async () => {
      expect((await livePods(namespace)).map(pod => pod.metadata.name)).toEqual([ready!.metadata.name])
    })
    expect(others).toHaveLength(3)
  })

  test('counts a pod as available only after minReadySeconds', async () => {
    const namespace = await newNamespace()
    await createSet(namespace, 1, { minReadySeconds: 2 })
    const [pod] = await eventually(async () => {
      const found = await livePods(namespace)
      expect(found).toHaveLength(1)
      return found
    })
    await reportPod(cluster.client, pod!)
    await eventually(async () => expect((await getSet(namespace)).status.readyReplicas).toBe(1))
    expect((await getSet(namespace)).status.availableReplicas).toBeUndefined()
    await eventually(async () => expect((await getSet(namespace)).status.availableReplicas).toBe(1))
    const since = Date.parse(conditionOf((await pods(namespace))[0]!.status.conditions, 'Ready')!.lastTransitionTime!)
    expect(Date.now() - since).toBeGreaterThanOrEqual(2000)
  })

  test('tells ReplicaFailure while pods are refused, after few attempts, and clears it', async () => {
    const namespace = await newNamespace()
    await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
    const spec = { ...template.spec, serviceAccountName: 'missing' }
    await createSet(namespace, 50, { template: { ...template, spec } })
    await eventually(async () => {
      const failure = conditionOf((await getSet(namespace)).status.conditions, 'ReplicaFailure')
      expect(failure).toMatchObject({ status: 'True', reason: 'FailedCreate' })
      expect(failure!.message).toContain('serviceaccount "missing" not found')
    })
    expect(await pods(namespace)).toEqual([])
    // More attempts fail, for pods of other names, without a write that says so: others can update the set meanwhile.
    const written = (await getSet(namespace)).metadata.resourceVersion
    const attempts = async () =>
      (await cluster.client.list(Event, { namespace })).items.reduce((sum, { count = 1 }) => sum + count, 0)
    const before = await attempts()
    await eventually(async () => expect(await attempts()).toBeGreaterThan(before))
    expect((await getSet(namespace)).metadata.resourceVersion).toBe(written)
    const failed = (await eventsAbout(cluster.client, namespace, 'web')).filter(text => text.startsWith('FailedCreate'))
    expect(failed.length).toBeGreaterThan(0)
    await cluster.client.create(ServiceAccount, { metadata: { namespace, name: 'missing' } })
    await eventually(async () => {
      const { status } = await getSet(namespace)
      expect(status.replicas).toBe(50)
      expect(conditionOf(status.conditions, 'ReplicaFailure')).toBeUndefined()
    }, 20_000)
  })
})

describe('serviceaccount and root-ca-cert-publisher', () => {
  test('a new namespace gets its default service account and the cluster CA', async () => {
    const namespace = await newNamespace()
    await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
    const ca = await eventually(() => cluster.client.get(ConfigMap, { namespace, name: 'kube-root-ca.crt' }))
    expect(ca.data).toEqual({ 'ca.crt': cluster.api.pki.caPem })
  })

  test('both come back when deleted, and the CA when changed', async () => {
    const namespace = await newNamespace()
    const first = await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
    await eventually(() => cluster.client.get(ConfigMap, { namespace, name: 'kube-root-ca.crt' }))
    await cluster.client.delete(ServiceAccount, first.metadata)
    await cluster.client.patch(ConfigMap, { namespace, name: 'kube-root-ca.crt' }, { data: { 'ca.crt': 'forged' } })
    await eventually(async () => {
      const again = await cluster.client.get(ServiceAccount, { namespace, name: 'default' })
      expect(again.metadata.uid).not.toBe(first.metadata.uid)
      const ca = await cluster.client.get(ConfigMap, { namespace, name: 'kube-root-ca.crt' })
      expect(ca.data).toEqual({ 'ca.crt': cluster.api.pki.caPem })
    })
  })
})

describe('serviceaccount-token', () => {
  test('fills a legacy token that the API server accepts, and removes it with its account', async () => {
    const namespace = await newNamespace()
    const account = await cluster.client.create(ServiceAccount, { metadata: { namespace, name: 'robot' } })
    const name = 'robot-token'
    const annotations = { 'kubernetes.io/service-account.name': 'robot' }
    const type = 'kubernetes.io/service-account-token'
    await cluster.client.create(Secret, { metadata: { namespace, name, annotations }, type })
    const filled = await eventually(async () => {
      const secret = await cluster.client.get(Secret, { namespace, name })
      expect(Object.keys(secret.data ?? {}).sort()).toEqual(['ca.crt', 'namespace', 'token'])
      return secret
    })
    expect(filled.metadata.annotations?.['kubernetes.io/service-account.uid']).toBe(account.metadata.uid)
    const token = Buffer.from(filled.data!['token']!, 'base64').toString()
    const review = (audiences: readonly string[]) => cluster.api.server.tokens.verify(token, audiences)
    const verified = await review(cluster.api.server.tokens.apiAudiences)
    expect(verified?.user.name).toBe(`system:serviceaccount:${namespace}:robot`)
    await cluster.client.delete(ServiceAccount, account.metadata)
    await eventually(async () => {
      await expect(cluster.client.get(Secret, { namespace, name })).rejects.toThrow('not found')
    })
  })
})

describe('namespace', () => {
  test('deleting one removes all that is in it, then itself', async () => {
    const namespace = await newNamespace()
    await createSet(namespace, 3)
    await cluster.client.create(ConfigMap, { metadata: { namespace, name: 'settings' }, data: { a: 'b' } })
    await eventually(async () => expect(await livePods(namespace)).toHaveLength(3))
    await cluster.client.delete(Namespace, { name: namespace })
    await eventually(async () => {
      await expect(cluster.client.get(Namespace, { name: namespace })).rejects.toThrow('not found')
    })
    expect(await pods(namespace)).toEqual([])
    expect((await cluster.client.list(ConfigMap, { namespace })).items).toEqual([])
    expect((await cluster.client.list(ReplicaSet, { namespace })).items).toEqual([])
  })

  test('deleting one takes Services along, and pods before anything else', async () => {
    const namespace = await newNamespace()
    await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
    const { client } = cluster
    await client.create(Service, { metadata: { namespace, name: 'web' }, spec: { ports: [{ port: 80 }] } })
    const metadata = { namespace, name: 'web', finalizers: ['test/hold'] }
    const pod = await client.create(Pod, { metadata, spec: template.spec })
    const settings = await client.create(ConfigMap, { metadata: { namespace, name: 'settings' } })
    await client.delete(Namespace, { name: namespace })
    await eventually(async () => {
      const { status } = await client.get(Namespace, { name: namespace })
      expect(conditionOf(status.conditions, 'NamespaceContentRemaining')?.message).toContain('pods. has 1 resource')
    })
    expect((await client.get(Pod, pod.metadata)).metadata.deletionTimestamp).toBeDefined()
    expect((await client.get(ConfigMap, settings.metadata)).metadata.deletionTimestamp).toBeUndefined()
    await client.patch(Pod, pod.metadata, { metadata: { finalizers: null } }, { type: 'merge' })
    await eventually(async () => {
      await expect(client.get(Namespace, { name: namespace })).rejects.toThrow('not found')
    }, 15_000)
    expect((await client.list(Service, { namespace })).items).toEqual([])
    expect((await client.list(ConfigMap, { namespace })).items).toEqual([])
  })

  test('tells what it waits for while content has finalizers', async () => {
    const namespace = await newNamespace()
    const metadata = { namespace, name: 'held', finalizers: ['test/hold'] }
    const held = await cluster.client.create(ConfigMap, { metadata })
    await cluster.client.delete(Namespace, { name: namespace })
    await eventually(async () => {
      const { status } = await cluster.client.get(Namespace, { name: namespace })
      expect(status.phase).toBe('Terminating')
      expect(conditionOf(status.conditions, 'NamespaceContentRemaining')).toMatchObject({
        status: 'True',
        reason: 'SomeResourcesRemain',
        message: 'Some resources are remaining: configmaps. has 1 resource instances',
      })
      expect(conditionOf(status.conditions, 'NamespaceFinalizersRemaining')).toMatchObject({
        status: 'True',
        message: 'Some content in the namespace has finalizers remaining: test/hold in 1 resource instances',
      })
      expect(conditionOf(status.conditions, 'NamespaceDeletionContentFailure')?.status).toBe('False')
    })
    await cluster.client.patch(ConfigMap, held.metadata, { metadata: { finalizers: null } }, { type: 'merge' })
    await eventually(async () => {
      await expect(cluster.client.get(Namespace, { name: namespace })).rejects.toThrow('not found')
    }, 15_000)
  })
})

describe('garbage-collector', () => {
  const owned = (namespace: string, name: string, owners: ConfigMap[], block = false) =>
    cluster.client.create(ConfigMap, {
      metadata: {
        namespace,
        name,
        ownerReferences: owners.map(({ metadata }) => ({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: metadata.name,
          uid: metadata.uid,
          ...(block ? { blockOwnerDeletion: true } : {}),
        })),
      },
    })
  const names = async (namespace: string) =>
    (await cluster.client.list(ConfigMap, { namespace })).items
      .map(({ metadata }) => metadata.name)
      .filter(name => name !== 'kube-root-ca.crt')

  test('background deletion takes dependents of dependents along', async () => {
    const namespace = await newNamespace()
    const root = await owned(namespace, 'root', [])
    const child = await owned(namespace, 'child', [root])
    await owned(namespace, 'grandchild', [child])
    await cluster.client.delete(ConfigMap, root.metadata)
    await eventually(async () => expect(await names(namespace)).toEqual([]))
  })

  test('an object with two owners stays until both are gone, and drops the reference to the absent one', async () => {
    const namespace = await newNamespace()
    const [a, b] = [await owned(namespace, 'a', []), await owned(namespace, 'b', [])]
    const child = await owned(namespace, 'child', [a, b])
    await cluster.client.delete(ConfigMap, a.metadata)
    await eventually(async () => {
      const { metadata } = await cluster.client.get(ConfigMap, child.metadata)
      expect(metadata.ownerReferences?.map(ref => ref.name)).toEqual(['b'])
    })
    await cluster.client.delete(ConfigMap, b.metadata)
    await eventually(async () => expect(await names(namespace)).toEqual([]))
  })

  test('foreground deletion keeps the owner until its blocking dependents are gone', async () => {
    const namespace = await newNamespace()
    const root = await owned(namespace, 'root', [])
    const child = await owned(namespace, 'child', [root], true)
    await cluster.client.patch(ConfigMap, child.metadata, { metadata: { finalizers: ['test/hold'] } })
    await cluster.client.delete(ConfigMap, root.metadata, { propagationPolicy: 'Foreground' })
    await eventually(async () => {
      const { metadata } = await cluster.client.get(ConfigMap, child.metadata)
      expect(metadata.deletionTimestamp).toBeDefined()
    })
    const waiting = await cluster.client.get(ConfigMap, root.metadata)
    expect(waiting.metadata.finalizers).toEqual(['foregroundDeletion'])
    await cluster.client.patch(ConfigMap, child.metadata, { metadata: { finalizers: null } }, { type: 'merge' })
    await eventually(async () => expect(await names(namespace)).toEqual([]))
  })

  test('orphaning releases the dependents and keeps them', async () => {
    const namespace = await newNamespace()
    const root = await owned(namespace, 'root', [])
    const child = await owned(namespace, 'child', [root])
    await cluster.client.delete(ConfigMap, root.metadata, { propagationPolicy: 'Orphan' })
    await eventually(async () => {
      expect(await names(namespace)).toEqual(['child'])
      const { metadata } = await cluster.client.get(ConfigMap, child.metadata)
      expect(metadata.ownerReferences ?? []).toEqual([])
    })
  })

  test('an object whose owner never existed is collected', async () => {
    const namespace = await newNamespace()
    const ghost = { metadata: { name: 'ghost', uid: '00000000-0000-4000-8000-000000000000' } } as ConfigMap
    await owned(namespace, 'child', [ghost])
    await eventually(async () => expect(await names(namespace)).toEqual([]))
  })
})
