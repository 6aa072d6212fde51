import { afterAll, beforeAll, expect, test } from 'vitest'
import { DaemonSet, ReplicaSet, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { Job } from '../../src/shared/api/batch/v1.ts'
import {
  Namespace,
  Node,
  Pod,
  ReplicationController,
  ResourceQuota,
  ServiceAccount,
} from '../../src/shared/api/core/v1.ts'
import type { Draft, KubeObject } from '../../src/shared/machinery/object.ts'
import type { ResourceType } from '../../src/shared/machinery/resource-type.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, startCluster } from './support/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
  await cluster.client.create(Node, { metadata: { name: 'node-1' }, spec: {} })
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const labels = { app: 'web' }
const template = (restartPolicy = 'Always') => ({
  metadata: { labels },
  spec: { restartPolicy, containers: [{ name: 'main', image: 'x:1' }] },
})
const selector = { matchLabels: labels }
const refused = (name: string) =>
  `pods "${name}" is forbidden: exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0`
const MADE_UP = 'web-<name>'

test.each<[string, ResourceType<KubeObject>, object, string]>([
  ['Job', Job, { template: template('Never') }, `Error creating: ${refused(MADE_UP)}`],
  ['ReplicaSet', ReplicaSet, { replicas: 1, selector, template: template() }, `Error creating: ${refused(MADE_UP)}`],
  [
    'ReplicationController',
    ReplicationController,
    { replicas: 1, selector: labels, template: template() },
    `Error creating: ${refused(MADE_UP)}`,
  ],
  ['DaemonSet', DaemonSet, { selector, template: template() }, `Error creating: ${refused(MADE_UP)}`],
  [
    'StatefulSet',
    StatefulSet,
    { replicas: 1, serviceName: 'web', selector, template: template() },
    `Create Pod web-0 in StatefulSet web failed error: ${refused('web-0')}`,
  ],
])('a %s whose pods a quota refuses says so, and has them once it is raised', async (_kind, type, spec, message) => {
  const { client } = cluster
  const namespace = `refused-${type.plural}`
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} })
  await eventually(() => client.get(ServiceAccount, { namespace, name: 'default' }))
  const quota = { namespace, name: 'none' }
  await client.create(ResourceQuota, { metadata: quota, spec: { hard: { pods: '0' } } })
  await eventually(async () => expect((await client.get(ResourceQuota, quota)).status.hard).toEqual({ pods: '0' }))
  await client.create(type, { metadata: { namespace, name: 'web' }, spec } as unknown as Draft<KubeObject>)
  await eventually(async () => {
    const told = await eventsAbout(client, namespace, 'web')
    expect(told.map(text => text.replace(/web-[a-z0-9]{5}/, MADE_UP))).toContain(`FailedCreate: ${message}`)
  })
  await client.patch(ResourceQuota, quota, { spec: { hard: { pods: '1' } } }, { type: 'merge' })
  await eventually(async () => expect((await client.list(Pod, { namespace })).items).toHaveLength(1))
})
