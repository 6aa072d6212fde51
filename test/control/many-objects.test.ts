// What a namespace of 5,000 objects leaves behind when its owner, or the namespace itself, is deleted: nothing.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConfigMap, Namespace } from '../../src/shared/api/core/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, startCluster } from './support/cluster.ts'

const MANY = 5_000
const AT_ONCE = 50
const PATIENCE_MS = 240_000
const TEST_MS = 2 * PATIENCE_MS

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function newNamespace(name: string): Promise<void> {
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
}

async function createMany(namespace: string, ownerReferences: ConfigMap['metadata']['ownerReferences']): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let i = next++; i < MANY; i = next++)
      await cluster.client.create(ConfigMap, { metadata: { namespace, name: `c-${i}`, ownerReferences } })
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const isGone = (look: Promise<unknown>) =>
  look.then(
    () => false,
    (error: unknown) => {
      if (isNotFound(error)) return true
      throw error
    },
  )
const made = async (namespace: string) =>
  (await cluster.client.list(ConfigMap, { namespace })).items
    .map(({ metadata }) => metadata.name)
    .filter(name => name.startsWith('c-'))

test(
  `an owner that is deleted in the foreground goes after its ${MANY} dependents, and nobody else goes`,
  async () => {
    const namespace = 'owned'
    await newNamespace(namespace)
    const owner = await cluster.client.create(ConfigMap, { metadata: { namespace, name: 'owner' } })
    await cluster.client.create(ConfigMap, { metadata: { namespace, name: 'bystander' } })
    const { name, uid } = owner.metadata
    await createMany(namespace, [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: true }])
    await cluster.client.delete(ConfigMap, owner.metadata, { propagationPolicy: 'Foreground' })
    await eventually(
      async () => expect(await isGone(cluster.client.get(ConfigMap, owner.metadata))).toBe(true),
      PATIENCE_MS,
    )
    expect(await made(namespace)).toEqual([])
    await cluster.client.get(ConfigMap, { namespace, name: 'bystander' })
  },
  TEST_MS,
)

test(
  `a namespace is gone with its ${MANY} objects; until then it says what is left`,
  async () => {
    const name = 'crowded'
    await newNamespace(name)
    const finalizers = ['example.com/look']
    await cluster.client.create(ConfigMap, { metadata: { namespace: name, name: 'kept', finalizers } })
    await createMany(name, [])
    await cluster.client.delete(Namespace, { name })
    await eventually(async () => {
      const { status } = await cluster.client.get(Namespace, { name })
      expect(conditionOf(status.conditions, 'NamespaceContentRemaining')).toMatchObject({
        status: 'True',
        message: 'Some resources are remaining: configmaps. has 1 resource instances',
      })
    }, PATIENCE_MS)
    expect(await made(name)).toEqual([])
    await cluster.client.patch(
      ConfigMap,
      { namespace: name, name: 'kept' },
      { metadata: { finalizers: null } },
      { type: 'merge' },
    )
    await eventually(async () => expect(await isGone(cluster.client.get(Namespace, { name }))).toBe(true), PATIENCE_MS)
  },
  TEST_MS,
)
