import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Endpoints, Namespace, Node, Pod, Service, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { createRequestLimits } from '../../src/shared/client/limited-client.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { eventually } from '../support/eventually.ts'
import { type Cluster, eventsAbout, reportPod, startCluster } from './support/cluster.ts'

let cluster: Cluster
let count = 0
beforeAll(async () => (cluster = await startCluster()))
afterAll(() => cluster?.[Symbol.asyncDispose]())

async function newNamespace(): Promise<string> {
  const name = `test-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: name, name: 'default' }))
  return name
}
const createService = (namespace: string, spec: Partial<Service['spec']> = {}) =>
  cluster.client.create(Service, {
    metadata: { namespace, name: 'web', labels: { tier: 'front' } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  })
async function createPod(namespace: string, name: string, spec: Partial<Pod['spec']> = {}): Promise<Pod> {
  const containers = [{ name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 8080 }] }]
  return cluster.client.create(Pod, {
    metadata: { namespace, name, labels: { app: 'web' } },
    spec: { containers, ...spec },
  })
}
const slices = async (namespace: string) => (await cluster.client.list(EndpointSlice, { namespace })).items
const endpointsOf = async (namespace: string) => (await slices(namespace)).flatMap(slice => slice.endpoints ?? [])
const legacy = (namespace: string) => cluster.client.get(Endpoints, { namespace, name: 'web' })

describe('endpointslice and endpoints', () => {
  test('a Service without pods has one empty slice, owned by it', async () => {
    const namespace = await newNamespace()
    const service = await createService(namespace)
    const [slice] = await eventually(async () => {
      const found = await slices(namespace)
      expect(found).toHaveLength(1)
      return found
    })
    expect(slice!.endpoints ?? []).toEqual([])
    expect(slice!.addressType).toBe('IPv4')
    expect(slice!.metadata.labels).toEqual({
      tier: 'front',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    })
    expect(slice!.metadata.ownerReferences).toMatchObject([
      { kind: 'Service', uid: service.metadata.uid, controller: true },
    ])
    await eventually(async () => expect((await legacy(namespace)).subsets ?? []).toEqual([]))
  })

  test('a dual-stack Service has slices of both families, and Endpoints of its first', async () => {
    const namespace = await newNamespace()
    await createService(namespace, { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] })
    const [both, one] = [await createPod(namespace, 'both'), await createPod(namespace, 'one')]
    await reportPod(cluster.client, both, true, '10.244.1.7', 'fd00:10:244:1::7')
    await reportPod(cluster.client, one, true, '10.244.1.8')
    const shown = async () =>
      (await slices(namespace)).flatMap(({ addressType, endpoints = [] }) =>
        endpoints.map(({ addresses }) => `${addressType} ${addresses.join()}`),
      )
    const expected = ['IPv4 10.244.1.7', 'IPv4 10.244.1.8', 'IPv6 fd00:10:244:1::7']
    await eventually(async () => expect((await shown()).sort()).toEqual(expected))
    await eventually(async () =>
      expect((await legacy(namespace)).subsets?.[0]?.addresses?.map(({ ip }) => ip)).toEqual(['fd00:10:244:1::7']),
    )
    await cluster.client.patch(
      Service,
      { namespace, name: 'web' },
      { spec: { ipFamilyPolicy: 'SingleStack' } },
      { type: 'merge' },
    )
    await eventually(async () => expect(await shown()).toEqual(['IPv6 fd00:10:244:1::7']))
  })

  test('pods come, become ready, terminate and go', async () => {
    const namespace = await newNamespace()
    await cluster.client.create(Node, {
      metadata: { name: `${namespace}-node`, labels: { 'topology.kubernetes.io/zone': 'west' } },
      spec: {},
    })
    await createService(namespace)
    const pod = await createPod(namespace, 'a', { nodeName: `${namespace}-node` })
    await reportPod(cluster.client, pod, false, '10.244.1.5')
    const targetRef = { kind: 'Pod', namespace, name: 'a', uid: pod.metadata.uid }
    await eventually(async () => {
      expect(await endpointsOf(namespace)).toEqual([
        {
          addresses: ['10.244.1.5'],
          conditions: { ready: false, serving: false, terminating: false },
          nodeName: `${namespace}-node`,
          targetRef,
          zone: 'west',
        },
      ])
      const address = { ip: '10.244.1.5', nodeName: `${namespace}-node`, targetRef }
      const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }]
      expect((await legacy(namespace)).subsets).toEqual([{ notReadyAddresses: [address], ports }])
    })
    expect((await slices(namespace)).flatMap(slice => slice.ports ?? [])).toEqual([
      { name: 'http', port: 8080, protocol: 'TCP' },
    ])
    await reportPod(cluster.client, pod, true, '10.244.1.5')
    await eventually(async () => {
      expect((await endpointsOf(namespace))[0]!.conditions).toEqual({ ready: true, serving: true, terminating: false })
      expect((await legacy(namespace)).subsets?.[0]?.addresses).toHaveLength(1)
    })
    await cluster.client.delete(Pod, pod.metadata)
    await eventually(async () => {
      expect((await endpointsOf(namespace))[0]!.conditions).toEqual({ ready: false, serving: true, terminating: true })
      expect((await legacy(namespace)).subsets ?? []).toEqual([])
    })
    await cluster.client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0 })
    await eventually(async () => expect(await endpointsOf(namespace)).toEqual([]))
  })

  test('the endpoints of a node go and come with it; a Service that shows all of its pods keeps them', async () => {
    const namespace = await newNamespace()
    const node = { metadata: { name: 'leaving' }, spec: {} }
    await cluster.client.create(Node, node)
    await createService(namespace)
    await cluster.client.create(Service, {
      metadata: { namespace, name: 'all' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }], publishNotReadyAddresses: true },
    })
    const pod = await createPod(namespace, 'one', { nodeName: 'leaving' })
    await reportPod(cluster.client, pod, true, '10.244.1.9')
    const counts = async () => {
      const all = await slices(namespace)
      return ['web', 'all'].map(name =>
        all
          .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
          .reduce((sum, { endpoints = [] }) => sum + endpoints.length, 0),
      )
    }
    await eventually(async () => expect(await counts()).toEqual([1, 1]))
    await cluster.client.delete(Node, { name: 'leaving' })
    await eventually(async () => expect(await counts()).toEqual([0, 1]))
    await cluster.client.create(Node, node)
    await eventually(async () => expect(await counts()).toEqual([1, 1]))
  })

  test('named ports follow each pod, and pods without the port are left out of the legacy object', async () => {
    const namespace = await newNamespace()
    await createService(namespace, { ports: [{ name: 'http', port: 80, targetPort: 'http' }] })
    const a = await createPod(namespace, 'a')
    const b = await createPod(namespace, 'b', {
      containers: [{ name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 9090 }] }],
    })
    await reportPod(cluster.client, a, true, '10.244.0.1')
    await reportPod(cluster.client, b, true, '10.244.0.2')
    await eventually(async () => {
      const shown = (await slices(namespace)).map(s => [s.ports?.[0]?.port, s.endpoints?.map(e => e.addresses[0])])
      expect(shown.sort()).toEqual([
        [8080, ['10.244.0.1']],
        [9090, ['10.244.0.2']],
      ])
      expect((await legacy(namespace)).subsets).toHaveLength(2)
    })
  })

  test('topology-mode Auto gives each endpoint the zone that it serves, and says when it cannot', async () => {
    const namespace = await newNamespace()
    for (const zone of ['north', 'south']) {
      const name = `in-${zone}`
      await cluster.client.create(Node, {
        metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
        spec: {},
      })
      const status = { allocatable: { cpu: '4' }, conditions: [{ type: 'Ready', status: 'True' }] }
      await cluster.client.patch(Node, { name }, { status }, { type: 'merge', subresource: 'status' })
      await reportPod(cluster.client, await createPod(namespace, zone, { nodeName: name }), true, zone === 'north' ? '10.244.0.2' : '10.244.0.3') // prettier-ignore
    }
    await createService(namespace)
    const auto = (mode: string) =>
      cluster.client.patch(Service, { namespace, name: 'web' }, { metadata: { annotations: { 'service.kubernetes.io/topology-mode': mode } } }) // prettier-ignore
    await auto('Auto')
    const told = () => eventsAbout(cluster.client, namespace, 'web')
    await eventually(async () => {
      const found = await endpointsOf(namespace)
      expect(found.map(({ zone, hints }) => [zone, hints?.forZones?.[0]?.name]).sort()).toEqual([
        ['north', 'north'],
        ['south', 'south'],
      ])
    })
    await eventually(async () =>
      expect(await told()).toContain(
        'TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4',
      ),
    )
    await cluster.client.delete(Node, { name: 'in-south' })
    await eventually(async () => expect((await endpointsOf(namespace)).every(({ hints }) => !hints)).toBe(true))
    // Why there are none any more was told already.
    await auto('Disabled')
    await cluster.client.patch(Service, { namespace, name: 'web' }, { spec: { ports: [{ port: 80, targetPort: 8081 }] } }) // prettier-ignore
    await eventually(async () => expect((await slices(namespace))[0]?.ports).toMatchObject([{ port: 8081 }]))
    expect(await told()).not.toContainEqual(expect.stringContaining('Topology Aware Hints has been disabled'))
    await cluster.client.delete(Node, { name: 'in-north' })
  })

  test('trafficDistribution gives each endpoint hints of its own zone, and of its own node where that is preferred', async () => {
    const namespace = await newNamespace()
    await cluster.client.create(Node, {
      metadata: { name: 'here', labels: { 'topology.kubernetes.io/zone': 'east' } },
      spec: {},
    })
    await createService(namespace)
    await reportPod(cluster.client, await createPod(namespace, 'a', { nodeName: 'here' }), true, '10.244.0.4')
    const hintsWith = async (trafficDistribution: string | null, expected: unknown) => {
      await cluster.client.patch(Service, { namespace, name: 'web' }, { spec: { trafficDistribution } }, { type: 'merge' }) // prettier-ignore
      await eventually(async () => expect((await endpointsOf(namespace)).map(({ hints }) => hints)).toEqual([expected]))
    }
    const forZones = [{ name: 'east' }]
    await hintsWith('PreferSameZone', { forZones })
    await hintsWith('PreferSameNode', { forZones, forNodes: [{ name: 'here' }] })
    await hintsWith('PreferClose', { forZones })
    const annotate = (annotations: Record<string, string | null>) =>
      cluster.client.patch(Service, { namespace, name: 'web' }, { metadata: { annotations } }, { type: 'merge' })
    const now = (expected: unknown) =>
      eventually(async () => expect((await endpointsOf(namespace)).map(({ hints }) => hints)).toEqual([expected]))
    // One node of one zone: there is nothing to share out, and the field does not step in.
    await annotate({ 'service.kubernetes.io/topology-mode': 'Auto' })
    await now(undefined)
    await annotate({ 'service.kubernetes.io/topology-aware-hints': 'Disabled' })
    await now({ forZones })
    await annotate({ 'service.kubernetes.io/topology-mode': null })
    await hintsWith(null, undefined)
    await cluster.client.delete(Node, { name: 'here' })
  })

  test('publishNotReadyAddresses shows pods that are not ready as ready; a headless Service is labelled', async () => {
    const namespace = await newNamespace()
    await createService(namespace, { clusterIP: 'None', publishNotReadyAddresses: true })
    const pod = await createPod(namespace, 'a', { hostname: 'one', subdomain: 'web' })
    await reportPod(cluster.client, pod, false)
    await eventually(async () => {
      const [endpoint] = await endpointsOf(namespace)
      expect(endpoint).toMatchObject({ hostname: 'one', conditions: { ready: true, serving: false } })
      const [slice] = await slices(namespace)
      expect(slice!.metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' })
      expect((await legacy(namespace)).subsets?.[0]?.addresses).toMatchObject([{ hostname: 'one' }])
    })
  })

  test('more than 100 pods are spread over slices of at most 100', async () => {
    const namespace = await newNamespace()
    await createService(namespace)
    const limits = createRequestLimits(systemClock, 50)
    const addPod = async (i: number) =>
      reportPod(cluster.client, await createPod(namespace, `pod-${i}`), true, `10.244.${i >> 7}.${1 + (i & 127)}`)
    await Promise.all(Array.from({ length: 230 }, (_, i) => limits.run(() => addPod(i))))
    await eventually(async () => {
      const found = await slices(namespace)
      expect(found.flatMap(slice => slice.endpoints ?? [])).toHaveLength(230)
      expect(found.every(slice => (slice.endpoints ?? []).length <= 100)).toBe(true)
      expect(new Set((await endpointsOf(namespace)).map(e => e.addresses[0])).size).toBe(230)
    })
    const before = new Map((await slices(namespace)).map(({ metadata }) => [metadata.name, metadata.resourceVersion]))
    await reportPod(cluster.client, await cluster.client.get(Pod, { namespace, name: 'pod-7' }), false)
    await eventually(async () => {
      expect((await endpointsOf(namespace)).filter(e => !e.conditions?.ready)).toHaveLength(1)
    })
    const changed = (await slices(namespace)).filter(
      ({ metadata }) => before.get(metadata.name) !== metadata.resourceVersion,
    )
    expect(changed).toHaveLength(1)
  })

  test('slices changed or deleted by hand are put right, and go with the Service', async () => {
    const namespace = await newNamespace()
    await createService(namespace)
    await reportPod(cluster.client, await createPod(namespace, 'a'))
    const slice = await eventually(async () => {
      // The empty one from before the pod may still be there.
      const found = (await slices(namespace)).filter(({ endpoints }) => endpoints?.length)
      expect(found).toHaveLength(1)
      return found[0]
    })
    await cluster.client.patch(EndpointSlice, slice!.metadata, { endpoints: [] }, { type: 'merge' })
    await eventually(async () => expect(await endpointsOf(namespace)).toHaveLength(1))
    await cluster.client.delete(EndpointSlice, slice!.metadata)
    await eventually(async () => expect(await endpointsOf(namespace)).toHaveLength(1))
    await cluster.client.delete(Service, { namespace, name: 'web' })
    await eventually(async () => {
      expect(await slices(namespace)).toEqual([])
      await expect(legacy(namespace)).rejects.toThrow('not found')
    })
  })

  test('a Service without selector is left to whoever writes its endpoints', async () => {
    const namespace = await newNamespace()
    await cluster.client.create(Service, { metadata: { namespace, name: 'web' }, spec: { ports: [{ port: 80 }] } })
    await cluster.client.create(Endpoints, {
      metadata: { namespace, name: 'web' },
      subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
    })
    await createPod(namespace, 'a').then(pod => reportPod(cluster.client, pod))
    await cluster.client.create(Service, {
      metadata: { namespace, name: 'other' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    })
    const addressesOf = async (service: string) =>
      (await slices(namespace))
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
        .flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses))
    await eventually(async () => {
      expect(await addressesOf('other')).toHaveLength(1)
      expect(await addressesOf('web')).toEqual(['192.0.2.1'])
    })
    expect((await legacy(namespace)).subsets?.[0]?.addresses).toEqual([{ ip: '192.0.2.1' }])
    await cluster.client.delete(Service, { namespace, name: 'web' })
    await eventually(() => expect(legacy(namespace)).rejects.toThrow('not found'))
  })
})
