import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Deployment } from '../../src/shared/api/apps/v1.ts'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { Namespace, Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { PodDisruptionBudget } from '../../src/shared/api/policy/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { ApiError } from '../../src/shared/machinery/status.ts'
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
  const name = `budget-${++count}`
  await cluster.client.create(Namespace, { metadata: { name }, spec: {} })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace: name, name: 'default' }))
  return name
}
const labels = { app: 'web' }
const selector = { matchLabels: labels }
const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
const budget = (namespace: string, spec: Partial<PodDisruptionBudget['spec']>) =>
  cluster.client.create(PodDisruptionBudget, { metadata: { namespace, name: 'web' }, spec: { selector, ...spec } })
const get = (namespace: string) => cluster.client.get(PodDisruptionBudget, { namespace, name: 'web' })
const evict = (pod: Pod) =>
  cluster.client.createSubresource(Pod, pod.metadata, 'eviction', {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: pod.metadata,
  })
const showsStatus = (namespace: string, status: Partial<PodDisruptionBudget['status']>) =>
  eventually(async () => {
    const found = await get(namespace)
    expect(found.status).toMatchObject(status)
    expect(found.status.observedGeneration).toBe(found.metadata.generation)
    return found
  })
async function runningDeployment(namespace: string, replicas: number): Promise<Pod[]> {
  await cluster.client.create(Deployment, {
    metadata: { namespace, name: 'web' },
    spec: { replicas, selector, template },
  })
  const pods = await eventually(async () => {
    const found = await podsIn(cluster.client, namespace)
    expect(found).toHaveLength(replicas)
    return found
  })
  return Promise.all(pods.map(pod => reportPod(cluster.client, pod)))
}

describe('disruption', () => {
  test('a budget without pods allows nothing, and says so', async () => {
    const namespace = await newNamespace()
    await budget(namespace, { minAvailable: 1 })
    const { status } = await showsStatus(namespace, { expectedPods: 0, desiredHealthy: 1, disruptionsAllowed: 0 })
    expect(status.conditions).toMatchObject([
      { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', observedGeneration: 1 },
    ])
    await eventually(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'web')).toContain('NoPods: No matching pods found'),
    )
  })

  test('two budgets of one pod are told', async () => {
    const namespace = await newNamespace()
    await budget(namespace, { minAvailable: 1 })
    const metadata = { namespace, name: 'web-too' }
    await cluster.client.create(PodDisruptionBudget, { metadata, spec: { selector, minAvailable: 1 } })
    await cluster.client.create(Pod, { metadata: { namespace, name: 'alone', labels }, spec: template.spec })
    await eventually(async () => {
      const [told] = await eventsAbout(cluster.client, namespace, 'alone')
      expect(told).toMatch(
        /^MultiplePodDisruptionBudgets: Pod "budget-\d+"\/"alone" matches multiple PodDisruptionBudgets\. {2}Chose "web(-too)?" arbitrarily\.$/,
      )
    })
  })

  test('minAvailable as a number counts the pods that are there', async () => {
    const namespace = await newNamespace()
    for (const name of ['a', 'b', 'c']) {
      const pod = await cluster.client.create(Pod, { metadata: { namespace, name, labels }, spec: template.spec })
      await reportPod(cluster.client, pod, name !== 'c')
    }
    await budget(namespace, { minAvailable: 1 })
    const { status } = await showsStatus(namespace, { expectedPods: 3, currentHealthy: 2, disruptionsAllowed: 1 })
    expect(status.conditions).toMatchObject([{ status: 'True', reason: 'SufficientPods' }])
  })

  test('maxUnavailable as a percentage is taken of what the Deployment wants, and rounds up', async () => {
    const namespace = await newNamespace()
    await budget(namespace, { maxUnavailable: '30%' })
    await runningDeployment(namespace, 5)
    await showsStatus(namespace, { expectedPods: 5, desiredHealthy: 3, currentHealthy: 5, disruptionsAllowed: 2 })
    await cluster.client.patch(Deployment, { namespace, name: 'web' }, { spec: { replicas: 10 } })
    await showsStatus(namespace, { expectedPods: 10, desiredHealthy: 7, currentHealthy: 5, disruptionsAllowed: 0 })
  })

  test('evictions stop at the budget, and go on when replacements are ready', async () => {
    const namespace = await newNamespace()
    await budget(namespace, { minAvailable: '50%' })
    const [first, second] = await runningDeployment(namespace, 2)
    await showsStatus(namespace, { expectedPods: 2, desiredHealthy: 1, disruptionsAllowed: 1 })
    await evict(first!)
    await expect(evict(second!)).rejects.toSatisfy(error => error instanceof ApiError && error.code === 429)
    await eventually(async () => {
      const fresh = (await podsIn(cluster.client, namespace)).filter(pod => !pod.status.podIP)
      expect(fresh).toHaveLength(1)
      await reportPod(cluster.client, fresh[0]!)
    })
    await showsStatus(namespace, { currentHealthy: 2, disruptionsAllowed: 1 })
    await evict(second!)
  })

  describe('a pod that is not ready', () => {
    /** One that is ready, and one that is not. */
    async function twoPods(namespace: string): Promise<readonly [Pod, Pod]> {
      const made = (name: string) =>
        cluster.client.create(Pod, { metadata: { namespace, name, labels }, spec: { ...template.spec, nodeName: 'a' } })
      const ready = await reportPod(cluster.client, await made('ready'))
      const running = await reportPod(cluster.client, await made('unready'))
      const conditions = running.status.conditions!.map(c => (c.type === 'Ready' ? { ...c, status: 'False' } : c))
      const status = { ...running.status, conditions }
      return [ready, await cluster.client.updateStatus(Pod, { ...running, status })]
    }
    const whyNot = (pod: Pod) =>
      evict(pod).then(
        () => undefined,
        (error: unknown) => (error as ApiError).status.details?.causes?.map(({ message }) => message).join(),
      )

    test('may be evicted while enough others are, and costs nothing of the budget', async () => {
      const namespace = await newNamespace()
      const [ready, unready] = await twoPods(namespace)
      await budget(namespace, { minAvailable: 1 })
      await showsStatus(namespace, { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0 })
      expect(await whyNot(ready)).toBe('The disruption budget web needs 1 healthy pods and has 1 currently')
      await evict(unready)
      expect((await get(namespace)).status.disruptedPods ?? {}).toEqual({})
    })

    test('may not while too few are, unless the budget says AlwaysAllow', async () => {
      const namespace = await newNamespace()
      const [ready, unready] = await twoPods(namespace)
      await budget(namespace, { minAvailable: 2 })
      await showsStatus(namespace, { currentHealthy: 1, desiredHealthy: 2, disruptionsAllowed: 0 })
      const needs = 'The disruption budget web needs 2 healthy pods and has 1 currently'
      expect(await whyNot(unready)).toBe(needs)
      const spec = { unhealthyPodEvictionPolicy: 'AlwaysAllow' }
      await cluster.client.patch(PodDisruptionBudget, { namespace, name: 'web' }, { spec })
      // Whether or not the change has been seen to.
      await evict(unready)
      await showsStatus(namespace, {})
      expect(await whyNot(ready)).toBe(needs)
    })
  })

  test('an eviction is told that the budget could not be counted', async () => {
    const namespace = await newNamespace()
    await budget(namespace, { maxUnavailable: 1 })
    const owner = { apiVersion: 'example.com/v1', kind: 'Unknown', name: 'x', uid: 'x', controller: true }
    const pod = await cluster.client.create(Pod, {
      metadata: { namespace, name: 'a', labels, finalizers: ['test/look'] },
      spec: { ...template.spec, nodeName: 'a' },
    })
    await reportPod(cluster.client, pod)
    await cluster.client.patch(Pod, pod.metadata, { metadata: { ownerReferences: [owner] } })
    await eventually(async () =>
      expect((await get(namespace)).status.conditions).toMatchObject([{ status: 'False', reason: 'SyncFailed' }]),
    )
    await expect(evict(pod)).rejects.toSatisfy(
      error =>
        error instanceof ApiError &&
        /^The disruption budget web does not allow evicting pods currently because it failed sync: ./.test(
          error.status.details?.causes?.[0]?.message ?? '',
        ),
    )
  })

  test('a pod whose granted eviction came to nothing counts again after two minutes', async () => {
    const namespace = await newNamespace()
    const pod = await cluster.client.create(Pod, { metadata: { namespace, name: 'a', labels }, spec: template.spec })
    await reportPod(cluster.client, pod)
    await budget(namespace, { minAvailable: 0 })
    await showsStatus(namespace, { currentHealthy: 1, disruptionsAllowed: 1 })
    const status = { disruptedPods: { a: formatTime(clock.now()), gone: formatTime(clock.now()) } }
    await cluster.client.patch(PodDisruptionBudget, { namespace, name: 'web' }, { status }, { subresource: 'status' })
    const counted = await showsStatus(namespace, { currentHealthy: 0, disruptionsAllowed: 0 })
    expect(Object.keys(counted.status.disruptedPods ?? {})).toEqual(['a'])
    await clock.advance(121_000)
    const again = await showsStatus(namespace, { currentHealthy: 1, disruptionsAllowed: 1 })
    expect(again.status.disruptedPods ?? {}).toEqual({})
    await eventually(async () =>
      expect(await eventsAbout(cluster.client, namespace, 'a')).toContain(
        `NotDeleted: Pod was expected by PDB ${namespace}/web to be deleted but it wasn't`,
      ),
    )
  })

  test('an owner that cannot be scaled fails safe', async () => {
    const namespace = await newNamespace()
    await budget(namespace, { maxUnavailable: 1 })
    await cluster.client.create(Job, {
      metadata: { namespace, name: 'batch' },
      spec: { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
    })
    const { status } = await eventually(async () => {
      const found = await get(namespace)
      expect(found.status.conditions).toMatchObject([{ status: 'False', reason: 'SyncFailed' }])
      return found
    })
    expect(status.disruptionsAllowed).toBe(0)
    expect(status.conditions![0]!.message).toBe('jobs.batch does not implement the scale subresource')
  })

  test('a DisruptionTarget condition that nothing followed becomes False', async () => {
    const namespace = await newNamespace()
    const pod = await cluster.client.create(Pod, { metadata: { namespace, name: 'a', labels }, spec: template.spec })
    const lastTransitionTime = formatTime(clock.now())
    const conditions = [
      { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', lastTransitionTime },
    ]
    await cluster.client.patch(Pod, pod.metadata, { status: { conditions } }, { subresource: 'status' })
    await eventually(async () => {
      await clock.advance(30_000)
      const { status } = await cluster.client.get(Pod, pod.metadata)
      expect(status.conditions).toMatchObject([{ type: 'DisruptionTarget', status: 'False' }])
    })
  })
})
