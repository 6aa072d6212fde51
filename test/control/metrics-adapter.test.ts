// Autoscaling by custom and external metrics, which an adapter serves as an extension API server: ours here speaks the
// formats of custom.metrics.k8s.io (v1beta1 or v1beta2) and external.metrics.k8s.io.
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HorizontalPodAutoscaling } from '../../src/main/controllers/horizontal-pod-autoscaling/controller.ts'
import { makeAuthority, makeLeaf } from '../../src/main/pki/certificates.ts'
import { APIService } from '../../src/shared/api/apiregistration/v1.ts'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { HorizontalPodAutoscaler, type MetricSpec } from '../../src/shared/api/autoscaling/v2.ts'
import { ConfigMap, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import type { ObjectRef } from '../../src/shared/client/client.ts'
import { ControllerManager } from '../../src/shared/client/controller-manager.ts'
import { controller } from '../../src/shared/client/reconciler.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { type SecuredCluster, startSecuredCluster } from '../api/authz/support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'
import { linkNode, ownAddress, serviceOnNode } from '../support/node-link.ts'

const namespace = 'default'
const CUSTOM = 'custom.metrics.k8s.io'
const EXTERNAL = 'external.metrics.k8s.io'
const clock = new ManualClock(Date.now())

let cluster: SecuredCluster
let link: AsyncDisposable
let manager: ControllerManager
let adapter: Server
/** Path and query → value, or values by pod. */
const values = new Map<string, string | Record<string, string>>()
/** What was asked for and is not among the values. */
const unknown: string[] = []

function answer(url: string): object | undefined {
  if (/^\/apis\/[^/]+\/[^/]+$/.test(url))
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: url.slice('/apis/'.length), resources: [] }
  const value = values.get(url)
  if (value === undefined) {
    if (url.includes('metrics.k8s.io')) unknown.push(url)
    return undefined
  }
  const timestamp = formatTime(clock.now())
  const items =
    typeof value === 'string'
      ? [{ timestamp, value }]
      : Object.entries(value).map(([name, each]) => ({
          describedObject: { kind: 'Pod', namespace, name },
          ...{ timestamp, value: each },
        }))
  return { kind: 'MetricValueList', apiVersion: `${CUSTOM}/v1beta2`, metadata: {}, items }
}

async function startAdapter(): Promise<string> {
  const authority = await makeAuthority('adapter-ca', 1, Date.now())
  const leaf = { commonName: 'adapter', organizations: [], usage: 'server', days: 1, nowMs: Date.now() } as const
  const { certPem, keyPem } = await makeLeaf(authority, { ...leaf, dnsNames: ['adapter.default.svc'] })
  const { data } = await cluster.admin.get(ConfigMap, {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication',
  })
  const trusted = { ca: data!['requestheader-client-ca-file'], requestCert: true, rejectUnauthorized: true }
  adapter = createServer({ cert: certPem, key: keyPem, ...trusted }, ({ url = '' }, response) => {
    const found = answer(url)
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', code: 404, reason: 'NotFound' }))
  })
  await new Promise<void>(resolve => adapter.listen(0, ownAddress(), resolve))
  await serviceOnNode(cluster, 'adapter', (adapter.address() as AddressInfo).port)
  return Buffer.from(authority.certPem).toString('base64')
}

const serve = async (group: string, version: string, caBundle: string) => {
  const name = `${version}.${group}`
  const service = { namespace, name: 'adapter' }
  const spec = { group, version, groupPriorityMinimum: 100, versionPriority: 100, service, caBundle }
  await cluster.admin.create(APIService, { metadata: { name }, spec })
  await eventually(async () => {
    const { status } = await cluster.admin.get(APIService, { name })
    expect(conditionOf(status.conditions, 'Available')).toMatchObject({ status: 'True' })
  })
}

let caBundle: string
let count = 0
beforeAll(async () => {
  cluster = await startSecuredCluster()
  await cluster.admin.create(ServiceAccount, { metadata: { namespace, name: 'default' } })
  link = await linkNode(cluster)
  caBundle = await startAdapter()
  manager = new ControllerManager({
    controllers: [controller(new HorizontalPodAutoscaling())],
    client: cluster.admin,
    clientFor: name =>
      cluster.as(`system:serviceaccount:kube-system:${name}`, 'system:serviceaccounts', 'system:serviceaccounts:kube-system'), // prettier-ignore
    clock,
    log: silentLog,
  })
  manager.start()
  await manager.ready()
  const container = { name: 'main', image: 'main:1' }
  const labels = { app: 'web' }
  await cluster.admin.create(Deployment, {
    metadata: { namespace, name: 'web' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } }, // prettier-ignore
  })
  const time = formatTime(clock.now() - 3_600_000)
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: time }]
  for (const name of ['web-1', 'web-2']) {
    const ref = { namespace, name }
    await cluster.admin.create(Pod, {
      metadata: { ...ref, labels },
      spec: { nodeName: 'box', containers: [container] },
    })
    const status = { phase: 'Running', startTime: time, conditions }
    await cluster.admin.patch(Pod, ref, { status }, { subresource: 'status', type: 'merge' })
  }
})
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]()
  await link?.[Symbol.asyncDispose]()
  adapter?.close()
  await cluster?.[Symbol.asyncDispose]()
})

/** @returns what an autoscaler of the two pods that goes by the metric comes to */
async function autoscaled(metric: MetricSpec) {
  const target = { namespace, name: 'web' }
  // A name of its own: what one autoscaler remembers of the minutes before is nothing to the next.
  const ref = { namespace, name: `web-${++count}` }
  await cluster.admin.patch(Deployment, target, { spec: { replicas: 2 } })
  await cluster.admin.patch(Deployment, target, { status: { replicas: 2 } }, { subresource: 'status', type: 'merge' })
  await cluster.admin.create(HorizontalPodAutoscaler, {
    metadata: ref,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 10,
      metrics: [metric],
    },
  })
  try {
    return await eventually(async () => {
      await clock.advance(1_000)
      const { status } = await cluster.admin.get(HorizontalPodAutoscaler, ref)
      const active = conditionOf(status.conditions, 'ScalingActive')
      expect(active).toBeDefined()
      const { spec } = await cluster.admin.get(Deployment, target)
      return { replicas: spec.replicas, why: `${active?.reason ?? ''}: ${active?.message ?? ''}` }
    })
  } finally {
    await cluster.admin.delete(HorizontalPodAutoscaler, ref)
    await settle()
  }
}
const perPod: MetricSpec = {
  type: 'Pods',
  pods: {
    metric: { name: 'qps', selector: { matchLabels: { verb: 'GET' } } },
    target: { type: 'AverageValue', averageValue: '10' },
  },
}
const ofObject = (apiVersion: string, kind: string, name: string): MetricSpec => ({
  type: 'Object',
  object: {
    describedObject: { apiVersion, kind, name },
    metric: { name: 'hits' },
    target: { type: 'Value', value: '10' },
  },
})
const external: MetricSpec = {
  type: 'External',
  external: {
    metric: { name: 'queue', selector: { matchLabels: { of: 'orders' } } },
    target: { type: 'AverageValue', averageValue: '5' },
  },
}
const within = (version: string, path: string) => `/apis/${CUSTOM}/${version}/namespaces/${namespace}/${path}`
const GETS = 'qps?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET'

describe('without an adapter', () => {
  test('an autoscaler says that nobody serves what it goes by', async () => {
    expect(await autoscaled(perPod)).toEqual({
      replicas: 2,
      why:
        'FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric qps: ' +
        'unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    })
    expect((await autoscaled(external)).why).toContain(
      'unable to get external metric default/queue/of=orders: unable to fetch metrics from external metrics API: ',
    )
  })
})

describe.each(['v1beta1', 'v1beta2'])('an adapter that serves custom.metrics.k8s.io/%s', version => {
  beforeAll(() => serve(CUSTOM, version, caBundle))
  afterAll(() => cluster.admin.delete(APIService, { name: `${version}.${CUSTOM}` }))

  test('is asked for the pods that the target selects, and their average counts', async () => {
    values.set(within(version, `pods/*/${GETS}`), { 'web-1': '30', 'web-2': '10' })
    expect(await autoscaled(perPod)).toMatchObject({
      replicas: 4,
      why: 'ValidMetricFound: the HPA was able to successfully calculate a replica count from pods metric qps',
    })
  })

  test('is asked for one object, under the plural of its kind', async () => {
    values.set(within(version, 'ingresses.networking.k8s.io/front/hits'), '20')
    expect((await autoscaled(ofObject('networking.k8s.io/v1', 'Ingress', 'front'))).replicas).toBe(4)
    values.set(within(version, 'services/web/hits'), '15')
    expect((await autoscaled(ofObject('v1', 'Service', 'web'))).replicas).toBe(3)
    const { object } = ofObject('v1', 'Service', 'web')
    const each: MetricSpec = {
      type: 'Object',
      object: { ...object!, target: { type: 'AverageValue', averageValue: '5' } },
    }
    expect((await autoscaled(each)).replicas).toBe(3)
  })

  test('is asked for what is in no namespace within that of the autoscaler, and for no namespace but that one', async () => {
    values.set(within(version, 'nodes/box/hits'), '20')
    expect((await autoscaled(ofObject('v1', 'Node', 'box'))).replicas).toBe(4)
    values.set(within(version, 'metrics/hits'), '20')
    expect((await autoscaled(ofObject('v1', 'Namespace', 'kube-system'))).replicas).toBe(4)
    expect(unknown).toEqual([])
  })
})

describe('an adapter that serves external.metrics.k8s.io', () => {
  test('is asked with the selector of the metric, and all that it says is added up', async () => {
    await serve(EXTERNAL, 'v1beta1', caBundle)
    const path = `/apis/${EXTERNAL}/v1beta1/namespaces/${namespace}/queue?labelSelector=of%3Dorders`
    values.set(path, { a: '7', b: '8' })
    expect(await autoscaled(external)).toEqual({
      replicas: 3,
      why:
        'ValidMetricFound: the HPA was able to successfully calculate a replica count from external metric ' +
        'queue(&LabelSelector{MatchLabels:map[string]string{of: orders,},MatchExpressions:[]LabelSelectorRequirement{},})',
    })
    values.set(path, {})
    expect((await autoscaled(external)).why).toMatch(/no metrics returned from external metrics API$/)
  })
  test('what was scaled to none, and then beyond its bounds, comes down at once to what is asked for; what is measured is told', async () => {
    const path = `/apis/${EXTERNAL}/v1beta1/namespaces/${namespace}/queue?labelSelector=of%3Dorders`
    values.set(path, { a: '20' })
    const [target, ref] = ['web', 'web-again'].map(name => ({ namespace, name })) as [ObjectRef, ObjectRef]
    const replicas = async () => (await cluster.admin.get(Deployment, target)).spec.replicas
    await cluster.admin.patch(Deployment, target, { spec: { replicas: 0 } })
    await cluster.admin.create(HorizontalPodAutoscaler, {
      metadata: { namespace, name: 'web-again' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        ...{ maxReplicas: 10, metrics: [external] },
      },
    })
    await eventually(async () => {
      await clock.advance(1_000)
      const { status } = await cluster.admin.get(HorizontalPodAutoscaler, ref)
      expect(conditionOf(status.conditions, 'ScalingActive')).toMatchObject({ reason: 'ScalingDisabled' })
    })
    await cluster.admin.patch(Deployment, target, { spec: { replicas: 20 } })
    const since = clock.now()
    const other = { ...external, external: { ...external.external!, metric: { name: 'unknown' } } }
    await eventually(async () => {
      await clock.advance(1_000)
      expect(await replicas()).toBe(4)
    })
    // Not after the five minutes in which it would keep what it found.
    expect(clock.now() - since).toBeLessThan(240_000)
    // What can be measured is told beside what cannot.
    values.set(path, { a: '15' })
    await cluster.admin.patch(HorizontalPodAutoscaler, ref, { spec: { metrics: [external, other] } }, { type: 'merge' })
    await eventually(async () => {
      await clock.advance(1_000)
      const { status } = await cluster.admin.get(HorizontalPodAutoscaler, ref)
      expect(conditionOf(status.conditions, 'ScalingActive')).toMatchObject({ reason: 'FailedGetExternalMetric' })
      expect(status.currentMetrics).toMatchObject([{ external: { metric: { name: 'queue' } } }])
    })
    await cluster.admin.delete(HorizontalPodAutoscaler, ref)
  })
})
