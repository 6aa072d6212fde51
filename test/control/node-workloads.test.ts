import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/main/controllers/support/template-hash.ts'
import { ControllerRevision, DaemonSet, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { Node, PersistentVolumeClaim, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, podsIn, reportPod, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
beforeEach(async () => {
  cluster = await startCluster()
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image }] },
})
const selector = { matchLabels: { app: 'web' } }
const alive = async () => (await podsIn(cluster.client, namespace)).filter(pod => !pod.metadata.deletionTimestamp)
/** Plays scheduler and kubelet: pods become ready, deleted ones go. */
async function tick(): Promise<void> {
  for (const pod of await podsIn(cluster.client, namespace)) {
    if (pod.metadata.deletionTimestamp)
      await cluster.client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0 }).catch(() => undefined)
    else if (pod.status.phase !== 'Running') await reportPod(cluster.client, pod).catch(() => undefined)
  }
}
const withReady = (pod: Pod, status: string): Pod => {
  const conditions = pod.status.conditions!.map(each => (each.type === 'Ready' ? { ...each, status } : each))
  return { ...pod, status: { ...pod.status, conditions } }
}
const targets = (pods: readonly Pod[]) =>
  pods
    .map(
      ({ spec }) =>
        spec.affinity!.nodeAffinity!.requiredDuringSchedulingIgnoredDuringExecution!.nodeSelectorTerms[0]!
          .matchFields![0]!.values![0],
    )
    .sort()

describe('daemonset', () => {
  const create = (spec: Partial<DaemonSet['spec']> = {}) =>
    cluster.client.create(DaemonSet, {
      metadata: { namespace, name: 'agent' },
      spec: { selector, template: template('agent:1'), ...spec },
    })
  const get = () => cluster.client.get(DaemonSet, { namespace, name: 'agent' })
  const join = (name: string, spec: Node['spec'] = {}) =>
    cluster.client.create(Node, { metadata: { name, labels: { disk: 'ssd' } }, spec })

  test('has one pod for every node that fits, also for nodes that join or become fit', async () => {
    await join('a')
    await join('b', { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] })
    await join('c', { unschedulable: true })
    await create()
    await eventually(async () => expect(targets(await alive())).toEqual(['a', 'c']))
    await join('d')
    await cluster.client.patch(Node, { name: 'b' }, { spec: { taints: null } }, { type: 'merge' })
    await eventually(async () => expect(targets(await alive())).toEqual(['a', 'b', 'c', 'd']))
    await tick()
    await eventually(async () => {
      const { status } = await get()
      expect(status).toMatchObject({
        desiredNumberScheduled: 4,
        currentNumberScheduled: 4,
        numberReady: 4,
        numberAvailable: 4,
        updatedNumberScheduled: 4,
        numberMisscheduled: 0,
      })
    })
  })

  test('leaves nodes that the selector no longer fits', async () => {
    await join('a')
    await join('b')
    await create({
      template: { ...template('agent:1'), spec: { ...template('agent:1').spec, nodeSelector: { disk: 'ssd' } } },
    })
    await eventually(async () => expect(targets(await alive())).toEqual(['a', 'b']))
    await cluster.client.patch(Node, { name: 'a' }, { metadata: { labels: { disk: 'hdd' } } })
    await eventually(async () => expect(targets(await alive())).toEqual(['b']))
  })

  test('updates one node at a time, and keeps its revisions', async () => {
    for (const name of ['a', 'b', 'c']) await join(name)
    await create()
    await eventually(async () => {
      await tick()
      expect((await get()).status.numberAvailable).toBe(3)
    })
    const annotations = { 'kubernetes.io/change-cause': 'kubectl set image' }
    await cluster.client.patch(
      DaemonSet,
      { namespace, name: 'agent' },
      { metadata: { annotations }, spec: { template: template('agent:2') } },
    )
    const availableAtOnce: number[] = []
    await eventually(async () => {
      const pods = await alive()
      availableAtOnce.push(pods.filter(pod => pod.status.phase === 'Running').length)
      await tick()
      const { status, metadata } = await get()
      expect(status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 })
      expect(status.observedGeneration).toBe(metadata.generation)
    })
    expect(Math.min(...availableAtOnce)).toBeGreaterThanOrEqual(2)
    const updated = await alive()
    expect(updated.map(pod => pod.spec.containers[0]!.image)).toEqual(Array(3).fill('agent:2'))
    expect(updated.map(({ metadata }) => metadata.labels?.['pod-template-generation'])).toEqual(Array(3).fill('2'))
    const revisions = (await cluster.client.list(ControllerRevision, { namespace })).items
    expect(revisions.map(({ revision }) => revision).sort()).toEqual([1, 2])
    // Clients find the present one by its bytes: the template as Go writes it.
    const { template: now } = (await get()).spec
    const [, newest] = revisions.toSorted((a, b) => a.revision - b.revision)
    expect(newest!.metadata.annotations).toEqual({ ...annotations, 'deprecated.daemonset.template.generation': '2' })
    expect(JSON.stringify(newest!.data)).toBe(canonicalJson({ spec: { template: { ...now, $patch: 'replace' } } }))
    expect(Object.keys((newest!.data as { spec: { template: object } }).spec.template)).toEqual(['$patch', 'metadata', 'spec']) // prettier-ignore
  })
})

describe('statefulset', () => {
  const create = (spec: Partial<StatefulSet['spec']> = {}) =>
    cluster.client.create(StatefulSet, {
      metadata: { namespace, name: 'db' },
      spec: { replicas: 3, serviceName: 'db', selector, template: template('db:1'), ...spec },
    })
  const get = () => cluster.client.get(StatefulSet, { namespace, name: 'db' })
  const names = async () => (await alive()).map(({ metadata }) => metadata.name)
  const allReady = (replicas: number) =>
    eventually(async () => {
      await tick()
      const { status, metadata } = await get()
      expect(status).toMatchObject({ replicas, readyReplicas: replicas, updatedReplicas: replicas })
      expect(status.observedGeneration).toBe(metadata.generation)
    })

  test('starts its pods in order, each with its name, host name and claim', async () => {
    const metadata = { name: 'data' } as PersistentVolumeClaim['metadata']
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
    await create({ volumeClaimTemplates: [{ metadata, spec } as unknown as PersistentVolumeClaim] })
    await eventually(async () => expect(await names()).toEqual(['db-0']))
    const [first] = await alive()
    expect(first!.spec).toMatchObject({ hostname: 'db-0', subdomain: 'db' })
    expect(first!.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'db-0',
      'apps.kubernetes.io/pod-index': '0',
    })
    await reportPod(cluster.client, first!)
    await eventually(async () => expect(await names()).toEqual(['db-0', 'db-1']))
    await allReady(3)
    expect(first!.metadata).toMatchObject({ generateName: 'db-' })
    const { updateRevision = '' } = (await get()).status
    expect(first!.metadata.labels!['controller-revision-hash']).toBe(updateRevision)
    const revision = await cluster.client.get(ControllerRevision, { namespace, name: updateRevision })
    expect(revision.metadata.labels).toMatchObject({
      'controller.kubernetes.io/hash': updateRevision.slice('db-'.length),
    })
    const claims = (await cluster.client.list(PersistentVolumeClaim, { namespace })).items
    expect(claims.map(claim => claim.metadata.name)).toEqual(['data-db-0', 'data-db-1', 'data-db-2'])
    expect((await alive())[2]!.spec.volumes).toContainEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: 'data-db-2' },
    })
  })

  test('a name that somebody else has holds up scaling down, not the labels by which the others are found', async () => {
    const pod = (name: string, app: string) =>
      cluster.client.create(Pod, { spec: template('db:1').spec, metadata: { namespace, name, labels: { app } } })
    for (const name of ['db-0', 'db-7']) await pod(name, 'web')
    const other = await pod('db-1', 'other')
    await create({ podManagementPolicy: 'Parallel', replicas: 3 })
    await eventually(async () => {
      await tick()
      const { metadata } = await cluster.client.get(Pod, { namespace, name: 'db-0' })
      expect(metadata.labels).toMatchObject({ 'apps.kubernetes.io/pod-index': '0' })
      expect(await names()).toContain('db-2')
    })
    const { metadata: condemned } = await cluster.client.get(Pod, { namespace, name: 'db-7' })
    expect(condemned.labels).toEqual({ app: 'web' })
    await cluster.client.delete(Pod, other.metadata, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      await tick()
      expect((await names()).sort()).toEqual(['db-0', 'db-1', 'db-2'])
    })
  })

  test('replaces a lost pod under the same name, and scales down from the highest', async () => {
    await create()
    await allReady(3)
    const lost = (await alive()).find(pod => pod.metadata.name === 'db-1')!
    await cluster.client.delete(Pod, lost.metadata, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const again = await cluster.client.get(Pod, { namespace, name: 'db-1' })
      expect(again.metadata.uid).not.toBe(lost.metadata.uid)
    })
    await allReady(3)
    await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { replicas: 1 } })
    await allReady(1)
    expect(await names()).toEqual(['db-0'])
    await eventually(async () => {
      const deleted = (await eventsAbout(cluster.client, namespace, 'db')).filter(text => text.includes('Delete Pod'))
      expect(deleted).toEqual([
        'SuccessfulDelete: Delete Pod db-2 in StatefulSet db successful',
        'SuccessfulDelete: Delete Pod db-1 in StatefulSet db successful',
      ])
    })
  })

  test('scales nothing down while several pods are unwell, but the lowest of them', async () => {
    await create()
    await allReady(3)
    const unwell = async (name: string) =>
      cluster.client.updateStatus(Pod, withReady(await cluster.client.get(Pod, { namespace, name }), 'False'))
    for (const name of ['db-2', 'db-1', 'db-0']) await unwell(name)
    await eventually(async () => expect((await get()).status.readyReplicas ?? 0).toBe(0))
    const { metadata } = await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { replicas: 0 } })
    await eventually(async () => expect((await get()).status.observedGeneration).toBe(metadata.generation))
    expect(await names()).toEqual(['db-0', 'db-1', 'db-2'])
    for (const name of ['db-0', 'db-1'])
      await cluster.client.updateStatus(Pod, withReady(await cluster.client.get(Pod, { namespace, name }), 'True'))
    await eventually(async () => expect(await names()).toEqual([]))
  })

  test('updates from the highest ordinal down to the partition', async () => {
    await create({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } })
    await allReady(3)
    await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { template: template('db:2') } })
    const images = async () => (await alive()).map(pod => pod.spec.containers[0]!.image)
    const below = async () => (await alive()).slice(0, 2).map(({ metadata }) => metadata.uid)
    const before = await below()
    const upToPartition = () =>
      eventually(async () => {
        await tick()
        expect(await images()).toEqual(['db:1', 'db:1', 'db:2'])
        expect((await get()).status).toMatchObject({ updatedReplicas: 1, currentReplicas: 2, readyReplicas: 3 })
      })
    await upToPartition()
    // Once a lost pod has come back, whatever was to follow would have.
    const lost = await cluster.client.get(Pod, { namespace, name: 'db-2' })
    await cluster.client.delete(Pod, lost.metadata, { gracePeriodSeconds: 0 })
    await eventually(async () => {
      const { metadata } = await cluster.client.get(Pod, { namespace, name: 'db-2' })
      expect(metadata.uid).not.toBe(lost.metadata.uid)
    })
    await upToPartition()
    expect(await below()).toEqual(before)
    const rollingUpdate = { partition: 0 }
    await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { updateStrategy: { rollingUpdate } } })
    await allReady(3)
    expect(await images()).toEqual(['db:2', 'db:2', 'db:2'])
    const { status } = await get()
    expect(status.currentRevision).toBe(status.updateRevision)
  })

  test('goes back to a template that it had, under its revision', async () => {
    await create()
    await allReady(3)
    const { updateRevision: first } = (await get()).status
    const change = async (image: string) => {
      await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { template: template(image) } })
      await allReady(3)
      expect((await alive()).map(pod => pod.spec.containers[0]!.image)).toEqual([image, image, image])
      return (await get()).status.updateRevision
    }
    expect(await change('db:2')).not.toBe(first)
    expect(await change('db:1')).toBe(first)
  })

  test('makes a pod that was evicted anew, under the same name', async () => {
    await create({ replicas: 1 })
    await allReady(1)
    const [evicted] = await alive()
    const status = { phase: 'Failed', reason: 'Evicted' }
    await cluster.client.patch(Pod, evicted!.metadata, { status }, { type: 'merge', subresource: 'status' })
    await eventually(async () => {
      const again = await cluster.client.get(Pod, { namespace, name: 'db-0' })
      expect(again.metadata.uid).not.toBe(evicted!.metadata.uid)
    })
    await allReady(1)
  })

  test('a pod that lost the label of its name gets it back', async () => {
    await create({ replicas: 1 })
    await allReady(1)
    const labels = { 'statefulset.kubernetes.io/pod-name': null }
    await cluster.client.patch(Pod, { namespace, name: 'db-0' }, { metadata: { labels } }, { type: 'merge' })
    await eventually(async () =>
      expect((await cluster.client.get(Pod, { namespace, name: 'db-0' })).metadata.labels).toMatchObject({
        'statefulset.kubernetes.io/pod-name': 'db-0',
        'apps.kubernetes.io/pod-index': '0',
      }),
    )
    await eventually(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'db')).toContain(
        'SuccessfulUpdate: Update Pod db-0 in StatefulSet db successful',
      ),
    )
  })

  test('an orphan of its name and labels is adopted as it is, and named', async () => {
    const labels = { app: 'web' }
    const orphan = await cluster.client.create(Pod, {
      metadata: { namespace, name: 'db-0', labels },
      spec: template('db:1').spec,
    })
    const other = await cluster.client.create(Pod, {
      metadata: { namespace, name: 'db-x', labels },
      spec: template('db:1').spec,
    })
    const set = await create({ replicas: 1 })
    await eventually(async () => {
      const { metadata } = await cluster.client.get(Pod, orphan.metadata)
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', uid: set.metadata.uid }])
      expect(metadata.labels).toMatchObject({ 'statefulset.kubernetes.io/pod-name': 'db-0' })
      expect(metadata.uid).toBe(orphan.metadata.uid)
    })
    expect((await cluster.client.get(Pod, other.metadata)).metadata.ownerReferences).toBeUndefined()
  })

  test('a pod on its way out counts as ready as long as it serves', async () => {
    const { metadata, spec } = template('db:1')
    await create({ replicas: 1, template: { metadata, spec: { ...spec, nodeName: 'a' } } })
    await allReady(1)
    await cluster.client.delete(Pod, { namespace, name: 'db-0' })
    await eventually(async () => expect((await get()).status.updatedReplicas ?? 0).toBe(0))
    expect((await get()).status).toMatchObject({ replicas: 1, readyReplicas: 1, availableReplicas: 1 })
    await cluster.client.updateStatus(
      Pod,
      withReady(await cluster.client.get(Pod, { namespace, name: 'db-0' }), 'False'),
    )
    await eventually(async () => expect((await get()).status.readyReplicas ?? 0).toBe(0))
  })

  test('OnDelete leaves the pods alone; those that somebody deletes come back updated', async () => {
    await create({ replicas: 2, updateStrategy: { type: 'OnDelete' } })
    await allReady(2)
    const { currentRevision } = (await get()).status
    await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { template: template('db:2') } })
    const images = async () => (await alive()).map(pod => pod.spec.containers[0]!.image)
    await eventually(async () => expect((await get()).status.updateRevision).not.toBe(currentRevision))
    await tick()
    expect(await images()).toEqual(['db:1', 'db:1'])
    for (const name of ['db-0', 'db-1']) {
      await cluster.client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 })
      await eventually(async () => {
        await tick()
        expect((await get()).status).toMatchObject({ readyReplicas: 2 })
      })
    }
    await allReady(2)
    expect(await images()).toEqual(['db:2', 'db:2'])
    // As upstream's: only a rolling update is ever over.
    expect((await get()).status.currentRevision).toBe(currentRevision)
  })

  test('a set that is made again takes over what was left of it: pods, and the revision that they are of', async () => {
    await create()
    await allReady(3)
    const before = await get()
    await cluster.client.delete(StatefulSet, { namespace, name: 'db' }, { propagationPolicy: 'Orphan' })
    await eventually(async () => {
      await expect(get()).rejects.toThrow('not found')
    })
    const again = await create()
    await allReady(3)
    const { items } = await cluster.client.list(ControllerRevision, { namespace })
    expect(items.map(({ metadata }) => [metadata.name, metadata.ownerReferences?.[0]?.uid])).toEqual([
      [before.status.updateRevision, again.metadata.uid],
    ])
    expect((await get()).status).toMatchObject({ currentRevision: before.status.updateRevision, currentReplicas: 3 })
  })

  test('Parallel starts all pods at once', async () => {
    await create({ podManagementPolicy: 'Parallel' })
    await eventually(async () => expect(await names()).toEqual(['db-0', 'db-1', 'db-2']))
  })

  test('a claim that is deleted under a pod which waits is made again', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
    await create({ volumeClaimTemplates: [{ metadata: { name: 'data' }, spec } as unknown as PersistentVolumeClaim] })
    await eventually(async () => expect(await names()).toEqual(['db-0']))
    const ref = { namespace, name: 'data-db-0' }
    const { uid } = (await cluster.client.get(PersistentVolumeClaim, ref)).metadata
    await cluster.client.delete(PersistentVolumeClaim, ref)
    await eventually(async () =>
      expect((await cluster.client.get(PersistentVolumeClaim, ref)).metadata.uid).not.toBe(uid),
    )
  })

  describe('persistentVolumeClaimRetentionPolicy', () => {
    const claimTemplate = {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    } as unknown as PersistentVolumeClaim
    const claims = async () => (await cluster.client.list(PersistentVolumeClaim, { namespace })).items
    const claimNames = async () => (await claims()).map(({ metadata }) => metadata.name)
    const withPolicy = (whenDeleted: string, whenScaled: string) =>
      create({
        volumeClaimTemplates: [claimTemplate],
        podManagementPolicy: 'Parallel',
        persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
      })
    const scale = (replicas: number) =>
      cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { replicas } })
    const remove = () => cluster.client.delete(StatefulSet, { namespace, name: 'db' })

    test('whenScaled Delete lets claims go with the pods that are scaled away, and fresh ones come', async () => {
      await withPolicy('Retain', 'Delete')
      await allReady(3)
      const before = new Map((await claims()).map(({ metadata }) => [metadata.name, metadata.uid]))
      await scale(1)
      await eventually(async () => {
        await tick()
        expect(await claimNames()).toEqual(['data-db-0'])
      })
      await scale(2)
      await allReady(2)
      const after = await claims()
      expect(after.map(({ metadata }) => metadata.name)).toEqual(['data-db-0', 'data-db-1'])
      expect(after[0]!.metadata.uid).toBe(before.get('data-db-0'))
      expect(after[1]!.metadata.uid).not.toBe(before.get('data-db-1'))
    })

    test('whenDeleted Delete keeps them when scaled, and lets all go with the set', async () => {
      const set = await withPolicy('Delete', 'Retain')
      await allReady(3)
      await scale(1)
      await allReady(1)
      const kept = await claims()
      expect(kept).toHaveLength(3)
      for (const { metadata } of kept)
        expect(metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet', uid: set.metadata.uid }])
      await remove()
      await eventually(async () => {
        await tick()
        expect(await claimNames()).toEqual([])
      })
    })

    test('in order, claims of pods that are to go are theirs once those that stay are well', async () => {
      await create({
        volumeClaimTemplates: [claimTemplate],
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
      })
      await eventually(async () => expect(await claimNames()).toEqual(['data-db-0']))
      await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { ordinals: { start: 2 } } })
      await eventually(async () => expect(await claimNames()).toEqual(['data-db-0', 'data-db-2']))
      expect((await claims())[0]!.metadata.ownerReferences).toMatchObject([{ kind: 'StatefulSet' }])
      await eventually(async () => {
        await tick()
        expect(await claimNames()).toEqual(['data-db-2', 'data-db-3', 'data-db-4'])
      })
    })

    test('a policy that changes is followed for claims of pods that wait for them, too', async () => {
      await create({
        replicas: 1,
        volumeClaimTemplates: [claimTemplate],
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' },
      })
      await eventually(async () => expect(await names()).toEqual(['db-0']))
      const follow = (whenDeleted: string) =>
        cluster.client.patch(
          StatefulSet,
          { namespace, name: 'db' },
          { spec: { persistentVolumeClaimRetentionPolicy: { whenDeleted } } },
        )
      const owners = async () => (await claims()).map(({ metadata }) => metadata.ownerReferences?.[0]?.kind)
      await follow('Delete')
      await eventually(async () => expect(await owners()).toEqual(['StatefulSet']))
      await follow('Retain')
      await eventually(async () => expect(await owners()).toEqual([undefined]))
    })

    test('a policy that changes back to Retain takes the references away', async () => {
      await withPolicy('Delete', 'Delete')
      await allReady(3)
      const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' }
      await cluster.client.patch(
        StatefulSet,
        { namespace, name: 'db' },
        { spec: { persistentVolumeClaimRetentionPolicy } },
      )
      await eventually(async () =>
        expect((await claims()).map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[], [], []]),
      )
      await remove()
      await eventually(async () => {
        await tick()
        expect(await alive()).toEqual([])
      })
      expect(await claimNames()).toEqual(['data-db-0', 'data-db-1', 'data-db-2'])
    })
  })

  test('rolling updates replace one at a time from the highest on, whatever ails those below', async () => {
    await create({ replicas: 4, podManagementPolicy: 'Parallel' })
    await allReady(4)
    const below = await cluster.client.get(Pod, { namespace, name: 'db-1' })
    await cluster.client.updateStatus(Pod, withReady(below, 'False'))
    await cluster.client.patch(StatefulSet, { namespace, name: 'db' }, { spec: { template: template('db:2') } })
    const old = async () =>
      (await alive()).filter(pod => pod.spec.containers[0]!.image === 'db:1').map(p => p.metadata.name)
    await eventually(async () => expect(await old()).toEqual(['db-0', 'db-1', 'db-2']))
    // Its replacement exists but is not ready: nobody else may go.
    await eventually(async () => {
      for (const pod of await podsIn(cluster.client, namespace))
        if (pod.metadata.deletionTimestamp) await cluster.client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0 })
      expect(await names()).toEqual(['db-0', 'db-1', 'db-2', 'db-3'])
    })
    expect(await old()).toEqual(['db-0', 'db-1', 'db-2'])
    await cluster.client.updateStatus(Pod, withReady(await cluster.client.get(Pod, below.metadata), 'True'))
    await allReady(4)
    expect(await old()).toEqual([])
  })
})

describe('daemonset with maxSurge', () => {
  test('starts the new pod beside the old one, which goes when the new one is available', async () => {
    await cluster.client.create(Node, { metadata: { name: 'a' }, spec: {} })
    await cluster.client.create(DaemonSet, {
      metadata: { namespace, name: 'agent' },
      spec: {
        selector,
        template: template('agent:1'),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      },
    })
    await eventually(async () => {
      await tick()
      const { status } = await cluster.client.get(DaemonSet, { namespace, name: 'agent' })
      expect(status.numberAvailable).toBe(1)
    })
    // Ages have whole seconds: the new pod is to be the younger one.
    await new Promise(resolve => setTimeout(resolve, 1_000 - (Date.now() % 1_000)))
    await cluster.client.patch(DaemonSet, { namespace, name: 'agent' }, { spec: { template: template('agent:2') } })
    const images = async () => (await alive()).map(pod => pod.spec.containers[0]!.image).sort()
    await eventually(async () => expect(await images()).toEqual(['agent:1', 'agent:2']))
    // As long as both run, the older one counts.
    const updated = async () =>
      (await cluster.client.get(DaemonSet, { namespace, name: 'agent' })).status.updatedNumberScheduled
    await eventually(async () => expect(await updated()).toBe(undefined))
    await tick()
    await eventually(async () => expect(await images()).toEqual(['agent:2']))
    await eventually(async () => expect(await updated()).toBe(1))
  })
})
