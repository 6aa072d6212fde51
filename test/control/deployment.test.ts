import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployment, ReplicaSet } from '../../src/shared/api/apps/v1.ts'
import { Namespace, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, podsIn, reportPod, startCluster } from './support/cluster.ts'

let cluster: Cluster
let count = 0
beforeAll(async () => (cluster = await startCluster()))
afterAll(() => cluster?.[Symbol.asyncDispose]())

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
})

async function newNamespace(): Promise<string> {
  const name = `test-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  return name
}

const deploy = (namespace: string, spec: Partial<Deployment['spec']> = {}) =>
  cluster.client.create(Deployment, {
    metadata: { namespace, name: 'web', annotations: { team: 'blue' } },
    spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('web:1'), ...spec },
  })
const getDeployment = (namespace: string) => cluster.client.get(Deployment, { namespace, name: 'web' })
const sets = async (namespace: string) => (await cluster.client.list(ReplicaSet, { namespace })).items
const patch = (namespace: string, change: unknown) =>
  cluster.client.patch(Deployment, { namespace, name: 'web' }, change)

/** Plays the kubelet once: all pods that are not being deleted become ready. */
async function makeReady(namespace: string): Promise<void> {
  for (const pod of await podsIn(cluster.client, namespace)) {
    const ready = conditionOf(pod.status.conditions, 'Ready')?.status === 'True'
    if (!ready && !pod.metadata.deletionTimestamp) await reportPod(cluster.client, pod).catch(() => undefined)
  }
}

const rolledOut = (namespace: string) =>
  eventually(async () => {
    await makeReady(namespace)
    const { spec, status, metadata } = await getDeployment(namespace)
    expect(status).toMatchObject({
      replicas: spec.replicas,
      updatedReplicas: spec.replicas,
      availableReplicas: spec.replicas,
    })
    expect(status.observedGeneration).toBe(metadata.generation)
  })

describe('deployment', () => {
  test('creates a ReplicaSet with the template hash, and that creates the pods', async () => {
    const namespace = await newNamespace()
    await deploy(namespace)
    const pods = await eventually(async () => {
      const found = await podsIn(cluster.client, namespace)
      expect(found).toHaveLength(3)
      return found
    })
    const [rs] = await sets(namespace)
    const hash = rs!.metadata.labels!['pod-template-hash']!
    expect(rs!.metadata.name).toBe(`web-${hash}`)
    expect(rs!.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash })
    expect(rs!.metadata.annotations).toMatchObject({
      team: 'blue',
      'deployment.kubernetes.io/revision': '1',
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    })
    expect(rs!.metadata.ownerReferences).toMatchObject([
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true },
    ])
    expect(pods.every(pod => pod.metadata.name.startsWith(`web-${hash}-`))).toBe(true)
    expect(pods.every(pod => pod.metadata.labels?.['pod-template-hash'] === hash)).toBe(true)
  })

  test('tells Available and Progressing as the pods become ready', async () => {
    const namespace = await newNamespace()
    await deploy(namespace)
    await eventually(async () => {
      const { status } = await getDeployment(namespace)
      expect(conditionOf(status.conditions, 'Available')).toMatchObject({
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      })
      expect(conditionOf(status.conditions, 'Progressing')).toMatchObject({
        status: 'True',
        reason: 'ReplicaSetUpdated',
      })
      expect(status).toMatchObject({ replicas: 3, unavailableReplicas: 3 })
      expect(status.readyReplicas).toBeUndefined()
    })
    await rolledOut(namespace)
    await eventually(async () => {
      const { status, metadata } = await getDeployment(namespace)
      const [rs] = await sets(namespace)
      expect(rs?.metadata.managedFields?.map(({ manager }) => manager)).toContain('kube-controller-manager')
      expect(conditionOf(status.conditions, 'Available')).toMatchObject({
        status: 'True',
        reason: 'MinimumReplicasAvailable',
      })
      expect(conditionOf(status.conditions, 'Progressing')).toMatchObject({
        status: 'True',
        reason: 'NewReplicaSetAvailable',
        message: `ReplicaSet "${rs!.metadata.name}" has successfully progressed.`,
      })
      // Which is told last changed last.
      expect(status.conditions?.map(({ type }) => type)).toEqual(['Available', 'Progressing'])
      expect(metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1')
      expect(await eventsAbout(cluster.client, namespace, 'web')).toEqual([
        `ScalingReplicaSet: Scaled up replica set ${rs!.metadata.name} from 0 to 3`,
      ])
    })
  })

  test('rolls a new template out within maxSurge and maxUnavailable', async () => {
    const namespace = await newNamespace()
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 1 }
    await deploy(namespace, { replicas: 4, strategy: { type: 'RollingUpdate', rollingUpdate } })
    await rolledOut(namespace)
    await patch(namespace, { spec: { template: template('web:2') } })
    const seen: { active: number; ready: number }[] = []
    await eventually(async () => {
      const active = (await podsIn(cluster.client, namespace)).filter(pod => !pod.metadata.deletionTimestamp)
      const ready = active.filter(pod => conditionOf(pod.status.conditions, 'Ready')?.status === 'True')
      seen.push({ active: active.length, ready: ready.length })
      const next = active.find(pod => !ready.includes(pod))
      if (next) await reportPod(cluster.client, next)
      const { status, metadata } = await getDeployment(namespace)
      expect(status).toMatchObject({ updatedReplicas: 4, replicas: 4, availableReplicas: 4 })
      expect(status.observedGeneration).toBe(metadata.generation)
    })
    expect(Math.max(...seen.map(({ active }) => active))).toBeLessThanOrEqual(5)
    expect(Math.min(...seen.map(({ ready }) => ready))).toBeGreaterThanOrEqual(3)
    const images = (await podsIn(cluster.client, namespace)).map(pod => pod.spec.containers[0]!.image)
    expect(images).toEqual(Array(4).fill('web:2'))
    const sizes = (await sets(namespace)).map(rs => [
      rs.metadata.annotations!['deployment.kubernetes.io/revision'],
      rs.spec.replicas,
    ])
    expect(sizes.sort()).toEqual([
      ['1', 0],
      ['2', 4],
    ])
  })

  test('goes back to an old template with its old ReplicaSet under a new revision', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 1 })
    await rolledOut(namespace)
    await patch(namespace, { spec: { template: template('web:2') } })
    await rolledOut(namespace)
    const [first] = (await sets(namespace)).filter(rs => rs.spec.replicas === 0)
    await patch(namespace, { spec: { template: template('web:1') } })
    await rolledOut(namespace)
    const found = await sets(namespace)
    expect(found).toHaveLength(2)
    const again = found.find(rs => rs.spec.replicas === 1)!
    expect(again.metadata.uid).toBe(first!.metadata.uid)
    expect(again.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '3',
      'deployment.kubernetes.io/revision-history': '1',
    })
    await eventually(async () =>
      expect((await getDeployment(namespace)).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3'),
    )
  })

  test('goes on from a revision that only 64 bits can hold', async () => {
    const namespace = await newNamespace()
    await cluster.client.create(ReplicaSet, {
      metadata: {
        namespace,
        name: 'older',
        labels: { app: 'web' },
        annotations: { 'deployment.kubernetes.io/revision': '3546343826724305832' },
      },
      spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template: template('web:0') },
    })
    await deploy(namespace, { replicas: 1 })
    await eventually(async () =>
      expect((await getDeployment(namespace)).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe(
        '3546343826724305833',
      ),
    )
  })
  test('keeps revisionHistoryLimit old ReplicaSets', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 1, revisionHistoryLimit: 1 })
    for (const image of ['web:2', 'web:3', 'web:4']) {
      await rolledOut(namespace)
      await patch(namespace, { spec: { template: template(image) } })
    }
    await rolledOut(namespace)
    await eventually(async () => {
      const revisions = (await sets(namespace)).map(rs => rs.metadata.annotations!['deployment.kubernetes.io/revision'])
      expect(revisions.sort()).toEqual(['3', '4'])
    })
  })

  test('scales up and down, telling each step', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 2 })
    await rolledOut(namespace)
    await patch(namespace, { spec: { replicas: 5 } })
    await rolledOut(namespace)
    await patch(namespace, { spec: { replicas: 1 } })
    await rolledOut(namespace)
    const [rs] = await sets(namespace)
    const name = rs!.metadata.name
    await eventually(async () =>
      expect((await eventsAbout(cluster.client, namespace, 'web')).sort()).toEqual([
        `ScalingReplicaSet: Scaled down replica set ${name} from 5 to 1`,
        `ScalingReplicaSet: Scaled up replica set ${name} from 0 to 2`,
        `ScalingReplicaSet: Scaled up replica set ${name} from 2 to 5`,
      ]),
    )
  })

  test('a paused Deployment scales but does not roll out until it resumes', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 1 })
    await rolledOut(namespace)
    await patch(namespace, { spec: { paused: true, replicas: 2, template: template('web:2') } })
    await eventually(async () => {
      const { status } = await getDeployment(namespace)
      expect(conditionOf(status.conditions, 'Progressing')).toMatchObject({
        status: 'Unknown',
        reason: 'DeploymentPaused',
      })
      expect(status.replicas).toBe(2)
    })
    expect(await sets(namespace)).toHaveLength(1)
    await patch(namespace, { spec: { paused: false } })
    await rolledOut(namespace)
    expect(await sets(namespace)).toHaveLength(2)
  })

  test('Recreate starts new pods only when no old pod is left', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 2, strategy: { type: 'Recreate' } })
    await rolledOut(namespace)
    // A finalizer keeps the pods there as a kubelet that still stops their containers would.
    for (const { metadata } of await podsIn(cluster.client, namespace))
      await cluster.client.patch(Pod, metadata, { metadata: { finalizers: ['test/stopping'] } })
    await patch(namespace, { spec: { template: template('web:2') } })
    const stopping = await eventually(async () => {
      const pods = await podsIn(cluster.client, namespace)
      expect(pods.map(pod => pod.metadata.deletionTimestamp !== undefined)).toEqual([true, true])
      return pods
    })
    expect(await sets(namespace)).toHaveLength(1)
    for (const { metadata } of stopping)
      await cluster.client.patch(Pod, metadata, { metadata: { finalizers: null } }, { type: 'merge' })
    await rolledOut(namespace)
    expect((await podsIn(cluster.client, namespace)).map(pod => pod.spec.containers[0]!.image)).toEqual([
      'web:2',
      'web:2',
    ])
  })

  test('a template whose ReplicaSet name is taken counts a collision and gets another name', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 1 })
    await rolledOut(namespace)
    const [rs] = await sets(namespace)
    await cluster.client.delete(Deployment, { namespace, name: 'web' }, { propagationPolicy: 'Orphan' })
    await eventually(async () => {
      await expect(getDeployment(namespace)).rejects.toThrow('not found')
    })
    await cluster.client.patch(ReplicaSet, rs!.metadata, { metadata: { labels: { app: 'other' } } })
    await deploy(namespace, { replicas: 1 })
    await rolledOut(namespace)
    expect((await getDeployment(namespace)).status.collisionCount).toBe(1)
    expect(await sets(namespace)).toHaveLength(2)
  })

  test('adopts the ReplicaSet of an orphaned Deployment instead of making another', async () => {
    const namespace = await newNamespace()
    await deploy(namespace, { replicas: 1 })
    await rolledOut(namespace)
    await cluster.client.delete(Deployment, { namespace, name: 'web' }, { propagationPolicy: 'Orphan' })
    await eventually(async () => {
      const [rs] = await sets(namespace)
      expect(rs!.metadata.ownerReferences ?? []).toEqual([])
      await expect(getDeployment(namespace)).rejects.toThrow('not found')
    })
    const { metadata } = await deploy(namespace, { replicas: 1 })
    await rolledOut(namespace)
    const found = await sets(namespace)
    expect(found.map(rs => rs.metadata.ownerReferences?.[0]?.uid)).toEqual([metadata.uid])
  })

  test('deleting it takes its ReplicaSets and pods along', async () => {
    const namespace = await newNamespace()
    await deploy(namespace)
    await rolledOut(namespace)
    await cluster.client.delete(Deployment, { namespace, name: 'web' })
    await eventually(async () => {
      expect(await sets(namespace)).toEqual([])
      expect((await podsIn(cluster.client, namespace)).filter(pod => !pod.metadata.deletionTimestamp)).toEqual([])
    })
  })
})

describe('a deadline for progress that has passed', () => {
  test('is of no more interest once the rollout arrived, whatever becomes of its pods', async () => {
    const clock = new ManualClock(Date.now())
    await using aside = await startCluster({ clock })
    const { client, looks } = aside
    await eventually(() => client.get(ServiceAccount, { namespace: 'default', name: 'default' }))
    const spec = { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: template('web:1') }
    await client.create(Deployment, { metadata: { namespace: 'default', name: 'web' }, spec })
    const pod = await eventually(async () => {
      const [found] = await podsIn(client, 'default')
      expect(found).toBeDefined()
      return found!
    })
    const progress = async () => (await client.get(Deployment, { namespace: 'default', name: 'web' })).status
    await reportPod(client, pod)
    await eventually(async () => expect(await progress()).toMatchObject({ availableReplicas: 1 }))
    await clock.advance(20 * 60_000)
    await reportPod(client, pod, false)
    await eventually(async () => expect(await progress()).toMatchObject({ unavailableReplicas: 1 }))
    await settle()
    const before = looks.get('deployment') ?? 0
    for (let minute = 0; minute < 20; minute++) await clock.advance(60_000)
    expect((looks.get('deployment') ?? 0) - before).toBeLessThan(3)
  })
})
