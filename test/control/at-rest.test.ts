// A cluster in which nothing happens, with objects that nothing can be done about: controllers look at them seldom.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler } from '../../src/shared/api/autoscaling/v2.ts'
import { CronJob, Job } from '../../src/shared/api/batch/v1.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from '../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../src/shared/api/policy/v1.ts'
import type { KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, podsIn, reportPod, startCluster } from './support/cluster.ts'

const HOUR_MS = 3_600_000
const namespace = 'default'

let cluster: Cluster
let clock: ManualClock
beforeAll(async () => {
  clock = new ManualClock(Date.now())
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const named = (name: string, more: object = {}) => ({ namespace, name, ...more })
const template = (app: string, spec: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'main:1' }], ...spec },
})
const selector = (app: string) => ({ matchLabels: { app } })
const of = (app: string, more: object = {}) => ({
  selector: selector(app),
  template: template(app),
  replicas: 1,
  ...more,
})
const once = { restartPolicy: 'Never' }

/** One or more of each kind that waits for a time, or for what will not come. */
const OBJECTS: readonly [ResourceType<KubeObject>, object][] = [
  [Deployment, { metadata: named('failed-later'), spec: of('failed-later', { progressDeadlineSeconds: 60 }) }],
  [Deployment, { metadata: named('stuck'), spec: of('stuck', { progressDeadlineSeconds: 60 }) }],
  [Deployment, { metadata: named('paused'), spec: of('paused', { paused: true, progressDeadlineSeconds: 60 }) }],
  [
    Deployment,
    { metadata: named('patient'), spec: of('patient', { minReadySeconds: 600, progressDeadlineSeconds: 900 }) },
  ],
  [
    Deployment,
    { metadata: named('back', { annotations: { 'flotilla.dev/auto-rollback': 'true' } }), spec: of('back') },
  ],
  [ReplicaSet, { metadata: named('late'), spec: of('late', { minReadySeconds: 600 }) }],
  [StatefulSet, { metadata: named('db'), spec: of('db', { replicas: 3, serviceName: 'db', minReadySeconds: 30 }) }],
  [DaemonSet, { metadata: named('agent'), spec: { selector: selector('agent'), template: template('agent') } }],
  [Job, { metadata: named('over'), spec: { activeDeadlineSeconds: 60, template: template('over', once) } }],
  [
    Job,
    { metadata: named('held'), spec: { suspend: true, activeDeadlineSeconds: 60, template: template('held', once) } },
  ],
  [
    Job,
    {
      metadata: named('kept'),
      spec: { ttlSecondsAfterFinished: 864_000, activeDeadlineSeconds: 60, template: template('kept', once) },
    },
  ],
  [
    CronJob,
    {
      metadata: named('yearly'),
      spec: {
        schedule: '0 0 29 2 *',
        startingDeadlineSeconds: 60,
        jobTemplate: { spec: { template: template('yearly', once) } },
      },
    },
  ],
  [
    CronJob,
    {
      metadata: named('never'),
      spec: { schedule: '0 0 31 2 *', jobTemplate: { spec: { template: template('never', once) } } },
    },
  ],
  [
    CronJob,
    {
      metadata: named('halted'),
      spec: { schedule: '* * * * *', suspend: true, jobTemplate: { spec: { template: template('halted', once) } } },
    },
  ],
  [PodDisruptionBudget, { metadata: named('budget'), spec: { minAvailable: 1, selector: selector('db') } }],
  [ResourceQuota, { metadata: named('quota'), spec: { hard: { pods: '100' }, scopes: ['Terminating'] } }],
  [
    HorizontalPodAutoscaler,
    {
      metadata: named('blind'),
      spec: {
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'gone' },
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    },
  ],
  [Service, { metadata: named('web'), spec: { selector: { app: 'failed-later' }, ports: [{ port: 80 }] } }],
  [
    Service,
    { metadata: named('balanced'), spec: { type: 'LoadBalancer', selector: { app: 'none' }, ports: [{ port: 80 }] } },
  ],
  [
    PersistentVolumeClaim,
    {
      metadata: named('waits'),
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'unknown',
        resources: { requests: { storage: '1Gi' } },
      },
    },
  ],
  [
    PersistentVolume,
    {
      metadata: { name: 'spare' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/data' },
        persistentVolumeReclaimPolicy: 'Delete',
      },
    },
  ],
  [
    Secret,
    {
      metadata: { namespace: 'kube-system', name: 'bootstrap-token-abcdef' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': 'abcdef',
        'token-secret': '0123456789abcdef',
        expiration: '2090-01-01T00:00:00Z',
        'usage-bootstrap-signing': 'true',
      },
    },
  ],
  [Namespace, { metadata: { name: 'held' }, spec: { finalizers: ['kubernetes'] } }],
  [
    Pod,
    {
      metadata: named('remains', { finalizers: ['example.com/held'] }),
      spec: { containers: [{ name: 'main', image: 'main:1' }], activeDeadlineSeconds: 60, nodeName: 'silent' },
    },
  ],
  [Node, { metadata: { name: 'silent' }, spec: {} }],
] as unknown as readonly [ResourceType<KubeObject>, object][]

/** Nobody works at what has happened any more: what is written meanwhile takes as long as what others write. */
async function quiet(): Promise<void> {
  const sum = () => [...cluster.looks.values()].reduce((total, count) => total + count, 0)
  for (let before = -1; before !== sum();) {
    before = sum()
    for (let i = 0; i < 20; i++)
      await cluster.client.create(Lease, { metadata: { namespace, generateName: 'l-' }, spec: {} })
  }
}

/** Whose work is to look again and again: how often within an hour. */
const PERIODIC = { 'horizontal-pod-autoscaling': 240, resourcequota: 12 }
const HOURS = 3

test('hours pass, and nobody looks at anything more often than its period asks for', async () => {
  const { client, looks, warnings } = cluster
  for (const [type, object] of OBJECTS) await client.create(type, object as never)
  await client.delete(Pod, { namespace, name: 'remains' })
  await eventually(async () => expect((await podsIn(client, namespace)).length).toBeGreaterThan(9))
  const those = async () => await podsIn(client, namespace, 'app in (failed-later,back)')
  for (const pod of await those()) await reportPod(client, pod)
  await clock.advance(HOUR_MS)
  for (const pod of await those()) await reportPod(client, pod, false)
  for (let minute = 0; minute < 60; minute += 5) await clock.advance(HOUR_MS / 12)
  await quiet()
  const before = new Map(looks)
  for (let hour = 0; hour < HOURS; hour += 0.25) await clock.advance(HOUR_MS / 4)
  const hourly = [...looks].map(([name, count]) => [name, (count - (before.get(name) ?? 0)) / HOURS] as const)
  expect(Object.fromEntries(hourly.filter(([, count]) => count > 0))).toEqual(PERIODIC)
  expect(warnings).toEqual([])
}, 60_000)
