// What becomes of pods and of what makes them when their owner is deleted, in each of the three ways.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ControllerRevision, Deployment, ReplicaSet, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { ConfigMap, Namespace, Pod, ReplicationController, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, podsIn, startCluster } from './support/cluster.ts'

let cluster: Cluster
let count = 0
beforeAll(async () => (cluster = await startCluster()))
afterAll(() => cluster?.[Symbol.asyncDispose]())

const labels = { app: 'web' }
const spec = { containers: [{ name: 'web', image: 'web:1' }] }
const template = { metadata: { labels }, spec }

async function newNamespace(): Promise<string> {
  const name = `collected-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: name, name: 'default' }))
  return name
}
const podsOf = (namespace: string, number: number) =>
  eventually(async () => {
    const pods = await podsIn(cluster.client, namespace)
    expect(pods).toHaveLength(number)
    return pods
  })
const controller = (namespace: string, name: string, replicas: number, selector: Record<string, string> = labels) =>
  cluster.client.create(ReplicationController, {
    metadata: { namespace, name },
    spec: { replicas, selector, template: { metadata: { labels: selector }, spec } },
  })
const reference = ({ kind, apiVersion, metadata }: KubeObject, more: object = {}) => ({
  ...{ kind: kind!, apiVersion: apiVersion!, name: metadata.name, uid: metadata.uid, ...more },
})
const isGone = (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code: 404 })

describe('a Deployment that is deleted', () => {
  async function deployed(): Promise<{ namespace: string; ref: { namespace: string; name: string } }> {
    const namespace = await newNamespace()
    const ref = { namespace, name: 'web' }
    await cluster.client.create(Deployment, {
      metadata: ref,
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    })
    await podsOf(namespace, 2)
    return { namespace, ref }
  }
  test('in the background takes its ReplicaSet and their pods along', async () => {
    const { namespace, ref } = await deployed()
    await cluster.client.delete(Deployment, ref, { propagationPolicy: 'Background' })
    await isGone(cluster.client.get(Deployment, ref))
    await eventually(async () => expect((await cluster.client.list(ReplicaSet, { namespace })).items).toEqual([]))
    await podsOf(namespace, 0)
  })
  test('as one that leaves orphans leaves its ReplicaSet, without an owner, and the pods', async () => {
    const { namespace, ref } = await deployed()
    await cluster.client.delete(Deployment, ref, { propagationPolicy: 'Orphan' })
    await eventually(() => isGone(cluster.client.get(Deployment, ref)))
    const [set, ...others] = (await cluster.client.list(ReplicaSet, { namespace })).items
    expect(others).toEqual([])
    expect(set!.metadata.ownerReferences ?? []).toEqual([])
    for (const { metadata } of await podsOf(namespace, 2)) {
      expect(metadata.deletionTimestamp).toBeUndefined()
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', uid: set!.metadata.uid }])
    }
  })
})

describe('a ReplicationController that is deleted', () => {
  test('in the background takes its pods along', async () => {
    const namespace = await newNamespace()
    const { metadata } = await controller(namespace, 'web', 2)
    await podsOf(namespace, 2)
    await cluster.client.delete(ReplicationController, metadata, { propagationPolicy: 'Background' })
    await isGone(cluster.client.get(ReplicationController, metadata))
    await podsOf(namespace, 0)
  })

  test('as one that leaves orphans leaves its pods, without an owner', async () => {
    const namespace = await newNamespace()
    const { metadata } = await controller(namespace, 'web', 10)
    await podsOf(namespace, 10)
    await cluster.client.delete(ReplicationController, metadata, { propagationPolicy: 'Orphan' })
    await eventually(() => isGone(cluster.client.get(ReplicationController, metadata)))
    for (const pod of await podsOf(namespace, 10)) {
      expect(pod.metadata.deletionTimestamp).toBeUndefined()
      expect(pod.metadata.ownerReferences ?? []).toEqual([])
    }
  })

  test('in the foreground stays until the last of its pods is gone', async () => {
    const namespace = await newNamespace()
    const { metadata } = await controller(namespace, 'web', 10)
    const [held] = await podsOf(namespace, 10)
    await cluster.client.patch(Pod, held!.metadata, { metadata: { finalizers: ['test/hold'] } }, { type: 'merge' })
    await cluster.client.delete(ReplicationController, metadata, { propagationPolicy: 'Foreground' })
    await podsOf(namespace, 1)
    const { metadata: waiting } = await cluster.client.get(ReplicationController, metadata)
    expect(waiting).toMatchObject({ finalizers: ['foregroundDeletion'], deletionTimestamp: expect.any(String) })
    await cluster.client.patch(Pod, held!.metadata, { metadata: { finalizers: null } }, { type: 'merge' })
    await eventually(() => isGone(cluster.client.get(ReplicationController, metadata)))
    await podsOf(namespace, 0)
  })

  test('in the foreground leaves those of its pods that have another owner which stays', async () => {
    const namespace = await newNamespace()
    const first = await controller(namespace, 'first', 10)
    const second = await controller(namespace, 'second', 0, { app: 'other' })
    const shared = (await podsOf(namespace, 10)).slice(0, 5)
    for (const { metadata } of shared) {
      const ownerReferences = [...metadata.ownerReferences!, reference(second)]
      await cluster.client.patch(Pod, metadata, { metadata: { ownerReferences } }, { type: 'merge' })
    }
    await cluster.client.delete(ReplicationController, first.metadata, { propagationPolicy: 'Foreground' })
    await eventually(() => isGone(cluster.client.get(ReplicationController, first.metadata)))
    const left = await podsOf(namespace, 5)
    expect(left.map(pod => pod.metadata.name).sort()).toEqual(shared.map(pod => pod.metadata.name).sort())
    for (const { metadata } of left) {
      expect(metadata.deletionTimestamp).toBeUndefined()
      expect(metadata.ownerReferences).toMatchObject([{ name: 'second' }])
    }
  })
})

test('a StatefulSet that waits for its pods to go does not make the revision again that went before them', async () => {
  const namespace = await newNamespace()
  const ref = { namespace, name: 'db' }
  await cluster.client.create(StatefulSet, {
    metadata: ref,
    spec: { replicas: 1, serviceName: 'db', selector: { matchLabels: labels }, template },
  })
  const [held] = await podsOf(namespace, 1)
  await cluster.client.patch(Pod, held!.metadata, { metadata: { finalizers: ['test/hold'] } }, { type: 'merge' })
  await cluster.client.delete(StatefulSet, ref, { propagationPolicy: 'Foreground' })
  await eventually(async () => {
    for (let write = 0; write < 30; write += 1) {
      await cluster.client.create(ConfigMap, { metadata: { namespace, generateName: 'meanwhile-' } })
      expect((await cluster.client.list(ControllerRevision, { namespace })).items).toEqual([])
    }
  })
  expect((await cluster.client.get(StatefulSet, ref)).metadata.finalizers).toEqual(['foregroundDeletion'])
  await cluster.client.patch(Pod, held!.metadata, { metadata: { finalizers: null } }, { type: 'merge' })
  await eventually(() => isGone(cluster.client.get(StatefulSet, ref)))
})

test('pods that own each other in a circle all go when one is deleted', async () => {
  const namespace = await newNamespace()
  const made = await Promise.all(
    ['one', 'two', 'three'].map(name => cluster.client.create(Pod, { metadata: { namespace, name }, spec })),
  )
  for (const [at, { metadata }] of made.entries()) {
    const owner = reference(made[(at + 2) % 3]!, { controller: true, blockOwnerDeletion: true })
    await cluster.client.patch(Pod, metadata, { metadata: { ownerReferences: [owner] } }, { type: 'merge' })
  }
  await cluster.client.delete(Pod, made[0]!.metadata, { propagationPolicy: 'Foreground' })
  await podsOf(namespace, 0)
})
