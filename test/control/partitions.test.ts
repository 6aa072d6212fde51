// A node that is cut off may still run its pods: nobody else may have their names until it is known that they ended.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { Node, PersistentVolumeClaim, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { formatMicroTime, formatTime } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, podsIn, reportPod, startCluster } from './support/cluster.ts'

const namespace = 'default'
const leases = 'kube-node-lease'
let cluster: Cluster
let clock: ManualClock
beforeEach(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
  for (const name of ['cut-off', 'near']) await join(name)
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

const renewed = () => ({ renewTime: formatMicroTime(clock.now()) })
async function join(name: string): Promise<void> {
  await cluster.client.create(Node, { metadata: { name }, spec: {} })
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: formatTime(clock.now()) }] // prettier-ignore
  await cluster.client.patch(Node, { name }, { status: { conditions } }, { subresource: 'status', type: 'merge' })
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, ...renewed() }
  await cluster.client.create(Lease, { metadata: { namespace: leases, name }, spec })
}
/** Time passes, in which one of the nodes is not heard of. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    await cluster.client.patch(Lease, { namespace: leases, name: 'near' }, { spec: renewed() }, { type: 'merge' })
    await clock.advance(10_000)
  }
}
const passUntil = <T>(check: () => Promise<T>) =>
  eventually(async () => {
    await pass(10)
    return check()
  })
const target = (name: string) => ({ target: { apiVersion: 'v1', kind: 'Node', name } })
const only = async () => {
  const [pod, ...others] = await podsIn(cluster.client, namespace)
  expect(others).toEqual([])
  expect(pod?.metadata.name).toBe('db-0')
  return pod!
}
const claim = () => cluster.client.get(PersistentVolumeClaim, { namespace, name: 'data-db-0' })

/** @returns the pod, which is to be deleted by now, and of whose end nobody has heard */
async function cutOff(): Promise<Pod> {
  const labels = { app: 'db' }
  const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  await cluster.client.create(StatefulSet, {
    metadata: { namespace, name: 'db' },
    spec: {
      replicas: 1,
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'db', image: 'db:1' }] } },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: storage } as unknown as PersistentVolumeClaim],
    },
  })
  const first = await eventually(only)
  const path = `/api/v1/namespaces/${namespace}/pods/db-0/binding`
  await cluster.client.raw('POST', path, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'db-0' }, ...target('cut-off') }) // prettier-ignore
  await reportPod(cluster.client, await only())
  await pass(60)
  expect((await only()).metadata.deletionTimestamp).toBeUndefined()
  // The five minutes that pods tolerate an unreachable node.
  await pass(280)
  const evicted = await passUntil(async () => {
    const pod = await only()
    expect(pod.metadata.deletionTimestamp).toBeDefined()
    return pod
  })
  expect(evicted.metadata.uid).toBe(first.metadata.uid)
  return evicted
}

describe('a StatefulSet’s pod on a node that is cut off', () => {
  test('is not replaced, however long that lasts, until the node says that it ended', async () => {
    const before = await cutOff()
    const { uid } = (await claim()).metadata
    await pass(1_800)
    expect((await only()).metadata.uid).toBe(before.metadata.uid)
    // What the kubelet does once it hears of the deletion.
    await cluster.client.delete(Pod, before.metadata, { gracePeriodSeconds: 0 })
    const after = await passUntil(async () => {
      const pod = await only()
      expect(pod.metadata.uid).not.toBe(before.metadata.uid)
      return pod
    })
    expect(after.spec).toMatchObject({ hostname: 'db-0', subdomain: 'db' })
    expect((await claim()).metadata.uid).toBe(uid)
  })

  test('is replaced under its name and with its claim once somebody says that the node is out of service', async () => {
    const before = await cutOff()
    const { uid } = (await claim()).metadata
    const { spec } = await cluster.client.get(Node, { name: 'cut-off' })
    const outOfService = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }
    const taints = [...(spec.taints ?? []), outOfService]
    await cluster.client.patch(Node, { name: 'cut-off' }, { spec: { taints } }, { type: 'merge' })
    const after = await passUntil(async () => {
      const pod = await only()
      expect(pod.metadata.uid).not.toBe(before.metadata.uid)
      return pod
    })
    expect(after.spec.volumes).toContainEqual({ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } })
    expect((await claim()).metadata.uid).toBe(uid)
  })
})
