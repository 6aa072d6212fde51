// LimitRanges of a namespace: defaults and bounds.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LimitRange, Namespace, PersistentVolumeClaim, Pod, ServiceAccount } from '../../../src/shared/api/core/v1.ts'
import { failure, startSecuredCluster, type SecuredCluster } from '../authz/support/cluster.ts'

let cluster: SecuredCluster
beforeAll(async () => {
  cluster = await startSecuredCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

let made = 0
const bounded = async (...limits: object[]) => {
  const namespace = `bounded-${made++}`
  await cluster.admin.create(Namespace, { metadata: { name: namespace }, spec: {} })
  await cluster.admin.create(ServiceAccount, { metadata: { name: 'default', namespace } })
  await cluster.admin.create(LimitRange, { metadata: { name: 'limits', namespace }, spec: { limits: limits as never } })
  return namespace
}
const pod = (namespace: string, ...resources: object[]) =>
  cluster.admin.create(Pod, {
    metadata: { name: 'pod', namespace },
    spec: { containers: resources.map((given, i) => ({ name: `c${i}`, image: 'x', resources: given })) },
  })

test('fills in what a container does not say, and notes it', async () => {
  const namespace = await bounded({
    type: 'Container',
    default: { cpu: '500m', memory: '256Mi' },
    defaultRequest: { cpu: '100m' },
  })
  const { spec, metadata, status } = await pod(namespace, { limits: { memory: '64Mi' } })
  expect(spec.containers[0]!.resources).toEqual({
    limits: { cpu: '500m', memory: '64Mi' },
    requests: { cpu: '100m', memory: '64Mi' },
  })
  expect(metadata.annotations!['kubernetes.io/limit-ranger']).toMatch(
    /^LimitRanger plugin set: .*cpu limit for container c0/,
  )
  expect(status.qosClass).toBe('Burstable')
})

test('a pod that says something as a whole asks for what its containers then ask for', async () => {
  const namespace = await bounded({ type: 'Container', default: { memory: '64Mi' } })
  const whole = { requests: { cpu: '1' }, limits: { cpu: '1' } }
  const { spec } = await cluster.admin.create(Pod, {
    metadata: { name: 'whole', namespace },
    spec: { resources: whole, containers: [{ name: 'a', image: 'x', resources: { requests: { cpu: '10m' } } }] },
  })
  expect(spec.containers[0]!.resources).toEqual({
    limits: { memory: '64Mi' },
    requests: { cpu: '10m', memory: '64Mi' },
  })
  expect(spec.resources).toEqual({ limits: { cpu: '1' }, requests: { cpu: '1', memory: '64Mi' } })
})

test('fills in a resize as well, which says how the pod is to be from now on', async () => {
  const namespace = await bounded({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } })
  await pod(namespace, { requests: { cpu: '100m', memory: '1Mi' } })
  const limits = [{ type: 'Container', default: { memory: '64Mi' } }] as never
  await cluster.admin.create(LimitRange, { metadata: { name: 'later', namespace }, spec: { limits } })
  const body = { spec: { containers: [{ name: 'c0', resources: { requests: { cpu: '200m' } } }] } }
  const { spec } = await cluster.admin.patch(Pod, { namespace, name: 'pod' }, body, { subresource: 'resize' })
  expect(spec.containers[0]!.resources).toEqual({
    requests: { cpu: '200m', memory: '1Mi' },
    limits: { memory: '64Mi' },
  })
})

test('what is being deleted takes its last steps, whatever has been bounded since', async () => {
  const namespace = await bounded({ type: 'PersistentVolumeClaim', max: { storage: '5Gi' } })
  const claim = { name: 'leaves', namespace }
  await cluster.admin.create(PersistentVolumeClaim, {
    metadata: { ...claim, finalizers: ['example.com/hold'] },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
  })
  const limits = [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }] as never
  await cluster.admin.create(LimitRange, { metadata: { name: 'later', namespace }, spec: { limits } })
  const letGo = () =>
    cluster.admin.patch(PersistentVolumeClaim, claim, { metadata: { finalizers: null } }, { type: 'merge' })
  expect((await failure(letGo())).message).toContain('maximum storage usage')
  await cluster.admin.delete(PersistentVolumeClaim, claim)
  await letGo()
  expect((await failure(cluster.admin.get(PersistentVolumeClaim, claim))).code).toBe(404)
})

describe('refuses', () => {
  test('a container above the maximum, in upstream words', async () => {
    const namespace = await bounded({ type: 'Container', max: { cpu: '1' } })
    expect((await failure(pod(namespace, { limits: { cpu: '2' } }))).message).toBe(
      'pods "pod" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    )
    expect((await pod(namespace, { limits: { cpu: '1' } })).kind).toBe('Pod')
  })
  test('a container below the minimum', async () => {
    const namespace = await bounded({ type: 'Container', min: { memory: '64Mi' } })
    expect((await failure(pod(namespace, { requests: { memory: '32Mi' } }))).message).toContain(
      'minimum memory usage per Container is 64Mi, but request is 32Mi',
    )
  })
  test('a pod whose containers together are too much', async () => {
    const namespace = await bounded({ type: 'Pod', max: { cpu: '1' } })
    const half = { limits: { cpu: '600m' } }
    expect((await failure(pod(namespace, half, half))).message).toBe(
      'pods "pod" is forbidden: maximum cpu usage per Pod is 1, but limit is 1200m',
    )
    expect((await pod(namespace, half)).kind).toBe('Pod')
  })
  test('a pod whose start takes too much, with the sidecars that run by then', async () => {
    const namespace = await bounded({ type: 'Pod', max: { cpu: '500m' } })
    const amounts = (cpu: string) => ({ limits: { cpu } })
    const sidecar = { name: 'sidecar', image: 'x', restartPolicy: 'Always', resources: amounts('100m') }
    const setUp = { name: 'set-up', image: 'x', resources: amounts('450m') }
    const make = (name: string, initContainers: object[]) =>
      cluster.admin.create(Pod, {
        metadata: { name, namespace },
        spec: {
          initContainers: initContainers as never,
          containers: [{ name: 'c', image: 'x', resources: amounts('100m') }],
        },
      })
    expect((await failure(make('behind', [sidecar, setUp]))).message).toContain(
      'maximum cpu usage per Pod is 500m, but limit is 550m',
    )
    expect((await make('before', [setUp, sidecar])).kind).toBe('Pod')
  })
  test('by the first of several that is broken', async () => {
    const namespace = await bounded({ type: 'Container', max: { cpu: '1' } })
    const limits = [{ type: 'Container', max: { memory: '1Mi' } }] as never
    await cluster.admin.create(LimitRange, { metadata: { name: 'second', namespace }, spec: { limits } })
    expect((await failure(pod(namespace, { limits: { cpu: '2', memory: '2Mi' } }))).message).toBe(
      'pods "pod" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
    )
  })
  test('a limit far above the request', async () => {
    const namespace = await bounded({ type: 'Container', maxLimitRequestRatio: { cpu: '2' } })
    expect((await failure(pod(namespace, { requests: { cpu: '100m' }, limits: { cpu: '500m' } }))).message).toContain(
      'cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000',
    )
  })
  test('a resize above the maximum', async () => {
    const namespace = await bounded({ type: 'Container', max: { cpu: '1' } })
    await pod(namespace, { requests: { cpu: '100m' }, limits: { cpu: '1' } })
    const body = { spec: { containers: [{ name: 'c0', resources: { limits: { cpu: '3' } } }] } }
    const call = cluster.admin.patch(Pod, { namespace, name: 'pod' }, body, { subresource: 'resize' })
    expect((await failure(call)).message).toContain('maximum cpu usage per Container is 1, but limit is 3')
  })
  test('a claim that is too large or too small', async () => {
    const namespace = await bounded({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '5Gi' } })
    const claim = (name: string, storage: string) =>
      cluster.admin.create(PersistentVolumeClaim, {
        metadata: { name, namespace },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
      })
    expect((await claim('fits', '2Gi')).kind).toBe('PersistentVolumeClaim')
    expect((await failure(claim('large', '6Gi'))).message).toContain(
      'maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi',
    )
    expect((await failure(claim('small', '1Mi'))).message).toContain('minimum storage usage')
  })
})
