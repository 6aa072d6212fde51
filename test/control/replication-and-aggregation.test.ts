import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { Namespace, Pod, ReplicationController, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { ClusterRole } from '../../src/shared/api/rbac/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, podsIn, reportPod, startCluster } from './support/cluster.ts'

let cluster: Cluster
let clock: ManualClock
let count = 0
beforeAll(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function newNamespace(): Promise<string> {
  const name = `kinds-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: name, name: 'default' }))
  return name
}
const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'x:1' }] },
})

describe('clusterrole-aggregation', () => {
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })
  const source = (name: string, resource: string) =>
    cluster.client.create(ClusterRole, {
      metadata: { name, labels: { 'example.com/aggregate': 'yes' } },
      rules: [rule(resource)],
    })
  const resources = async () =>
    ((await cluster.client.get(ClusterRole, { name: 'all' })).rules ?? []).flatMap(({ resources = [] }) => resources)

  test('a role has the rules of all that its selectors match, as they come, change and go', async () => {
    await source('part-b', 'pods')
    await cluster.client.create(ClusterRole, {
      metadata: { name: 'all' },
      rules: [rule('secrets')],
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'example.com/aggregate': 'yes' } }] },
    })
    await eventually(async () => expect(await resources()).toEqual(['pods']))
    await source('part-a', 'services')
    await eventually(async () => expect(await resources()).toEqual(['services', 'pods']))
    await cluster.client.patch(ClusterRole, { name: 'part-b' }, { rules: [rule('nodes')] }, { type: 'merge' })
    await eventually(async () => expect(await resources()).toEqual(['services', 'nodes']))
    await cluster.client.delete(ClusterRole, { name: 'part-a' })
    await eventually(async () => expect(await resources()).toEqual(['nodes']))
  })

  test("extends the system's own admin, edit and view", async () => {
    const name = 'crontabs-view'
    await cluster.client.create(ClusterRole, {
      metadata: { name, labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: ['example.com'], resources: ['crontabs'], verbs: ['get'] }],
    })
    for (const role of ['view', 'edit', 'admin'])
      await eventually(async () => {
        const { rules = [] } = await cluster.client.get(ClusterRole, { name: role })
        expect(rules.some(({ resources }) => resources?.includes('crontabs'))).toBe(true)
      })
  })
})

describe('replicationcontroller', () => {
  test('keeps as many pods as asked, replaces lost ones, and counts them', async () => {
    const namespace = await newNamespace()
    const ref = { namespace, name: 'rc' }
    const created = await cluster.client.create(ReplicationController, {
      metadata: ref,
      spec: { replicas: 2, selector: { app: 'rc' }, template: template('rc') },
    })
    const alive = async () => (await podsIn(cluster.client, namespace)).filter(p => !p.metadata.deletionTimestamp)
    const has = (number: number) =>
      eventually(async () => {
        const pods = await alive()
        expect(pods).toHaveLength(number)
        return pods
      })
    const [first, second] = await has(2)
    expect(first!.metadata.ownerReferences).toMatchObject([
      { apiVersion: 'v1', kind: 'ReplicationController', uid: created.metadata.uid, controller: true },
    ])
    await cluster.client.delete(Pod, first!.metadata, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const uids = (await alive()).map(({ metadata }) => metadata.uid)
      expect(uids).toHaveLength(2)
      expect(uids).not.toContain(first!.metadata.uid)
    })
    await reportPod(cluster.client, second!)
    await eventually(async () => {
      const { status } = await cluster.client.get(ReplicationController, ref)
      expect(status).toMatchObject({ replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 1, observedGeneration: 1 })
    })
    await cluster.client.patch(ReplicationController, ref, { spec: { replicas: 1 } })
    const [kept] = await has(1)
    expect(kept!.metadata.uid).toBe(second!.metadata.uid)
    await cluster.client.delete(ReplicationController, ref, { propagationPolicy: 'Background' })
    await eventually(async () => {
      await clock.advance(500)
      expect(await alive()).toEqual([])
    })
  })
})

describe('deployment with progressDeadlineSeconds', () => {
  test('tells that a rollout without progress failed, and takes it back when it goes on', async () => {
    const namespace = await newNamespace()
    const ref = { namespace, name: 'web' }
    await cluster.client.create(Deployment, {
      metadata: ref,
      spec: {
        replicas: 1,
        progressDeadlineSeconds: 60,
        selector: { matchLabels: { app: 'web' } },
        template: template('web'),
      },
    })
    const progressing = async () =>
      conditionOf((await cluster.client.get(Deployment, ref)).status.conditions, 'Progressing')
    const [pod] = await eventually(async () => {
      const pods = await podsIn(cluster.client, namespace)
      expect(pods).toHaveLength(1)
      expect(await progressing()).toMatchObject({ status: 'True' })
      return pods
    })
    await clock.advance(50_000)
    expect(await progressing()).toMatchObject({ status: 'True' })
    await eventually(async () => {
      await clock.advance(1_000)
      expect(await progressing()).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' })
    })
    expect((await progressing())!.message).toMatch(/^ReplicaSet "web-[a-z0-9]+" has timed out progressing\.$/)
    await reportPod(cluster.client, pod!)
    await eventually(async () => {
      await clock.advance(100)
      expect(await progressing()).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' })
    })
    expect(await eventsAbout(cluster.client, namespace, 'web')).toContainEqual(
      expect.stringMatching(/^ScalingReplicaSet: Scaled up replica set web-[a-z0-9]+ from 0 to 1$/),
    )
  })
})
