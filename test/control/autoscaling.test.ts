import { type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MetricsCollector } from '../../src/main/apiserver/metrics-api/collector.ts'
import { readScale, writeScale } from '../../src/main/controllers/horizontal-pod-autoscaling/scale-target.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler, type HorizontalPodAutoscalerSpec } from '../../src/shared/api/autoscaling/v2.ts'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { Node, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { NodeUsage, PodUsage } from '../../src/shared/api/flotilla/usage-v1.ts'
import { NodeMetrics, PodMetrics } from '../../src/shared/machinery/metrics-types.ts'
import { formatMicroTime, formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { isNotFound } from '../../src/shared/machinery/status.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, podsIn, startCluster } from './support/cluster.ts'

const namespace = 'default'
const NODE = 'worker'
const clock = new ManualClock(Date.now())
/** What each container of an application uses, in milli-CPU. */
const load = new Map<string, number>()

let cluster: Cluster
let kubelet: Server
let collector: MetricsCollector

/** Answers as an agent does: counters that went on since the beginning. */
async function summary(): Promise<object> {
  const time = formatTime(clock.now())
  const counters = (milli: number) => ({
    cpu: { time, usageCoreNanoSeconds: Math.round(milli * 1e3 * clock.monotonic()) },
    memory: { time, workingSetBytes: 64 << 20 },
  })
  const pods = (await podsIn(cluster.client, namespace)).filter(({ status }) => status.phase === 'Running')
  return {
    node: { nodeName: NODE, startTime: time, ...counters(1500) },
    pods: pods.map(({ metadata, spec }) => ({
      podRef: { name: metadata.name, namespace, uid: metadata.uid },
      containers: spec.containers.map(({ name }) => ({
        name,
        startTime: 'once',
        ...counters(load.get([metadata.labels?.['app'], ...(name === 'c' ? [] : [name])].join('/')) ?? 0),
      })),
    })),
  }
}

beforeAll(async () => {
  kubelet = createServer((request, response) => {
    // Disks, which a node has to look for, are no part of it.
    if (request.url !== '/stats/summary?only_cpu_and_memory=true') return void response.writeHead(404).end()
    summary().then(
      body => response.end(JSON.stringify(body)),
      () => response.destroy(),
    )
  })
  await new Promise<void>(resolve => kubelet.listen(0, '127.0.0.1', resolve))
  const { port } = kubelet.address() as AddressInfo
  const dialer = {
    connected: [NODE],
    dial: () => Promise.resolve(connect(port, '127.0.0.1')),
  }
  collector = new MetricsCollector({ dialer, clock })
  collector.keepHistory()
  cluster = await startCluster({ clock, metrics: collector })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
  await cluster.client.create(Node, { metadata: { name: NODE }, spec: {} })
  await renew()
})
afterAll(async () => {
  await collector?.[Symbol.asyncDispose]()
  await cluster?.[Symbol.asyncDispose]()
  kubelet?.close()
})

async function renew(): Promise<void> {
  const spec = { holderIdentity: NODE, leaseDurationSeconds: 40, renewTime: formatMicroTime(clock.now()) }
  const ref = { namespace: 'kube-node-lease', name: NODE }
  await cluster.client
    .patch(Lease, ref, { spec }, { type: 'merge' })
    .catch(() => cluster.client.create(Lease, { metadata: ref, spec }))
}

describe('the scale of what is autoscaled', () => {
  test('is written over a status that moved on meanwhile', async () => {
    const ref = { namespace, name: 'scaled' }
    const template = { metadata: { labels: { app: 'scaled' } }, spec: { containers: [{ name: 'c', image: 'c' }] } }
    const selector = { matchLabels: { app: 'scaled' } }
    await cluster.client.create(Deployment, { metadata: ref, spec: { replicas: 0, selector, template } })
    const target = await readScale(cluster.client, namespace, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'scaled',
    })
    await cluster.client.patch(Deployment, ref, { metadata: { labels: { moved: 'on' } } })
    await writeScale(cluster.client, target, 1)
    expect((await cluster.client.get(Deployment, ref)).spec.replicas).toBe(1)
    await cluster.client.delete(Deployment, ref)
  })
})

/** The scheduler's and the kubelet's part: every pod runs on the node, ready since long ago. */
async function runPods(): Promise<void> {
  const longAgo = formatTime(clock.now() - 3_600_000)
  for (const { metadata, spec, status } of await podsIn(cluster.client, namespace)) {
    if (!spec.nodeName)
      await cluster.client.createSubresource(Pod, metadata, 'binding', {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: metadata.name },
        target: { kind: 'Node', name: NODE },
      })
    if (status.phase !== 'Running')
      await cluster.client.patch(
        Pod,
        metadata,
        {
          status: {
            phase: 'Running',
            startTime: longAgo,
            conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: longAgo }],
          },
        },
        { type: 'merge', subresource: 'status' },
      )
  }
}

/** Lets seconds pass until the check holds. */
const inTime = (check: () => Promise<void>) =>
  eventually(async () => {
    await runPods().catch(() => undefined) // a pod went meanwhile
    await renew()
    await clock.advance(3_000)
    await check()
  }, 30_000)

async function deploy(app: string, replicas: number, containers = ['c']): Promise<void> {
  const labels = { app }
  await cluster.client.create(Deployment, {
    metadata: { namespace, name: app },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: containers.map(name => ({ name, image: 'i:1', resources: { requests: { cpu: '1' } } })) },
      },
    },
  })
}
const autoscale = (app: string, spec: Partial<HorizontalPodAutoscalerSpec> = {}) =>
  cluster.client.create(HorizontalPodAutoscaler, {
    metadata: { namespace, name: app },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: app },
      minReplicas: 1,
      maxReplicas: 10,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      ...spec,
    },
  })
const hpaOf = (name: string) => cluster.client.get(HorizontalPodAutoscaler, { namespace, name })
const replicasOf = async (name: string) => (await cluster.client.get(Deployment, { namespace, name })).spec.replicas
const condition = async (name: string, type: string) => conditionOf((await hpaOf(name)).status.conditions, type)

describe('metrics.k8s.io', () => {
  test('shows what nodes and pods use between two readings of the agents', async () => {
    load.set('shown', 250)
    await deploy('shown', 2)
    // The first question starts the readings, and is answered after the second.
    let answered = false
    void collector.measured().then(() => (answered = true))
    await inTime(() => Promise.resolve(expect(answered).toBe(true)))
    await inTime(async () => {
      const { items } = await cluster.client.list(PodMetrics, { namespace, labelSelector: 'app=shown' })
      expect(items).toHaveLength(2)
    })
    const [first] = (await cluster.client.list(PodMetrics, { labelSelector: 'app=shown' })).items
    expect(first).toMatchObject({ metadata: { namespace, labels: { app: 'shown' } }, containers: [{ name: 'c' }] })
    expect(first?.containers[0]?.usage).toEqual({ cpu: '250000000n', memory: '65536Ki' })
    const node = await cluster.client.get(NodeMetrics, { name: NODE })
    expect(node.usage['cpu']).toBe('1500000000n')
    await expect(cluster.client.get(NodeMetrics, { name: 'other' })).rejects.toSatisfy(isNotFound)
    const group = (await cluster.client.raw('GET', '/apis/metrics.k8s.io/v1beta1')) as { resources: { name: string; verbs: string[] }[] } // prettier-ignore
    expect(group.resources.map(({ name, verbs }) => [name, verbs])).toEqual([
      ['nodes', ['get', 'list']],
      ['pods', ['get', 'list']],
    ])
  })

  test('is for those who may read it', async () => {
    const nobody = cluster.api.clientAs({ name: 'eve', groups: ['system:authenticated'] })
    await expect(nobody.list(PodMetrics, { namespace })).rejects.toThrow(
      'pods.metrics.k8s.io is forbidden: User "eve" cannot list resource "pods" in API group "metrics.k8s.io"',
    )
  })
})

describe('usage.flotilla.dev', () => {
  test('tells the hours before, a reading a minute, whether somebody asked or not', async () => {
    load.set('kept', 500)
    await deploy('kept', 1)
    await inTime(async () =>
      expect((await podsIn(cluster.client, namespace, 'app=kept'))[0]?.status.phase).toBe('Running'),
    )
    for (let minute = 0; minute < 3; minute++) {
      const { length } = collector.history
      await renew()
      await clock.advance(60_000)
      // Readings are requests over sockets: they come when they come.
      await eventually(() => collector.history.length === length + 1)
    }
    const [pod] = (await cluster.client.list(PodUsage, { namespace, labelSelector: 'app=kept' })).items
    expect(pod?.samples.length).toBeGreaterThanOrEqual(2)
    expect(pod?.samples.at(-1)).toMatchObject({ cpu: '500000u', memory: '65536Ki' })
    const times = pod!.samples.map(({ timestamp }) => Date.parse(timestamp))
    expect(new Set(times.slice(1).map((time, index) => time - (times[index] ?? 0)))).toEqual(new Set([60_000]))
    const node = await cluster.client.get(NodeUsage, { name: NODE })
    expect(node.samples.at(-1)?.cpu).toBe('1500000u')
    await expect(cluster.client.get(NodeUsage, { name: 'other' })).rejects.toSatisfy(isNotFound)
    const nobody = cluster.api.clientAs({ name: 'eve', groups: ['system:authenticated'] })
    await expect(nobody.list(PodUsage, { namespace })).rejects.toThrow('podusages.usage.flotilla.dev is forbidden')
  })
})

describe('the horizontal pod autoscaler', () => {
  test('grows with the load, and shrinks five minutes after it went', async () => {
    load.set('web', 900)
    await deploy('web', 2)
    await autoscale('web')
    await inTime(async () => expect(await replicasOf('web')).toBe(4))
    await eventually(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'web')).toContainEqual(
        expect.stringMatching(/^SuccessfulRescale: New size: 4; reason: cpu resource utilization \(percentage of request\) above target$/), // prettier-ignore
      ),
    )
    const { status } = await hpaOf('web')
    expect(conditionOf(status.conditions, 'ScalingActive')).toMatchObject({
      status: 'True',
      reason: 'ValidMetricFound',
    })
    expect(status.currentMetrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 90, averageValue: '900m' } } },
    ])
    load.set('web', 100)
    await inTime(async () => expect((await condition('web', 'AbleToScale'))?.reason).toBe('ScaleDownStabilized'))
    const calmSince = clock.now()
    await inTime(async () => expect(await replicasOf('web')).toBe(1))
    expect(clock.now() - calmSince).toBeGreaterThan(240_000)
  })

  test('keeps the bounds at once, whatever the load', async () => {
    await deploy('bounded', 7)
    await autoscale('bounded', { minReplicas: 2, maxReplicas: 3 })
    await inTime(async () => expect(await replicasOf('bounded')).toBe(3))
    await eventually(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'bounded')).toContain(
        'SuccessfulRescale: New size: 3; reason: Current number of replicas above Spec.MaxReplicas',
      ),
    )
  })

  test('by the use of one container it looks at that alone', async () => {
    load.set('pair', 400)
    load.set('pair/loud', 5_000)
    await deploy('pair', 2, ['c', 'loud'])
    const target = { type: 'Utilization', averageUtilization: 20 }
    await autoscale('pair', {
      metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target } }],
    })
    await inTime(async () => expect(await replicasOf('pair')).toBe(4))
    const current = { averageUtilization: 40, averageValue: '400m' }
    expect((await hpaOf('pair')).status.currentMetrics).toEqual([
      { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', current } },
    ])
    const missing = { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'none', target } }
    await cluster.client.patch(HorizontalPodAutoscaler, { namespace, name: 'pair' }, { spec: { metrics: [missing] } }, { type: 'merge' }) // prettier-ignore
    await inTime(async () =>
      expect((await eventsAbout(cluster.client, namespace, 'pair')).join()).toContain(
        'first error is: failed to get none container metric value: failed to get cpu utilization: ',
      ),
    )
  })

  test('tells memory in powers of two, as it is asked for', async () => {
    await deploy('heavy', 2)
    const target = { type: 'AverageValue', averageValue: '64Mi' }
    await autoscale('heavy', { metrics: [{ type: 'Resource', resource: { name: 'memory', target } }] })
    await inTime(async () =>
      expect((await hpaOf('heavy')).status.currentMetrics).toEqual([
        { type: 'Resource', resource: { name: 'memory', current: { averageValue: '64Mi' } } },
      ]),
    )
    expect(await replicasOf('heavy')).toBe(2)
  })

  test('a tolerance of its own counts in its direction alone', async () => {
    load.set('patient', 700)
    await deploy('patient', 2)
    const behavior = { scaleUp: { tolerance: '0.5' }, scaleDown: { stabilizationWindowSeconds: 0 } }
    await autoscale('patient', { behavior })
    await inTime(async () =>
      expect((await hpaOf('patient')).status.currentMetrics?.[0]?.resource?.current.averageUtilization).toBe(70),
    )
    expect(await replicasOf('patient')).toBe(2)
    load.set('patient', 200)
    await inTime(async () => expect(await replicasOf('patient')).toBe(1))
  })

  test('does nothing to what was scaled to zero', async () => {
    await deploy('off', 0)
    await autoscale('off')
    await inTime(async () =>
      expect(await condition('off', 'ScalingActive')).toMatchObject({ status: 'False', reason: 'ScalingDisabled' }),
    )
    expect(await replicasOf('off')).toBe(0)
  })

  test('says why it cannot work', async () => {
    await autoscale('nothing')
    await inTime(async () =>
      expect(await condition('nothing', 'AbleToScale')).toMatchObject({
        status: 'False',
        reason: 'FailedGetScale',
        message:
          'the HPA controller was unable to get the target\'s current scale: deployments.apps "nothing" not found',
      }),
    )
    await deploy('custom', 1)
    const target = { type: 'AverageValue', averageValue: '1' }
    await autoscale('custom', { metrics: [{ type: 'Pods', pods: { metric: { name: 'qps' }, target } }] })
    await inTime(async () =>
      expect(await condition('custom', 'ScalingActive')).toMatchObject({
        status: 'False',
        reason: 'FailedGetPodsMetric',
        message: expect.stringContaining('unable to fetch metrics from custom metrics API') as unknown,
      }),
    )
  })
})
