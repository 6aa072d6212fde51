import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Deployment, ReplicaSet } from '../../src/shared/api/apps/v1.ts'
import { Pod, ServiceAccount } from '../../src/shared/api/core/v1.ts'
import { formatTime } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { type Cluster, eventsAbout, podsIn, startCluster } from './support/cluster.ts'

const namespace = 'default'
let cluster: Cluster
let clock: ManualClock
/** Images whose containers crash, and those whose containers never become ready. */
let crashing: Set<string>
let stuck: Set<string>

beforeEach(async () => {
  clock = new ManualClock(Date.now())
  crashing = new Set()
  stuck = new Set()
  cluster = await startCluster({ clock })
  await eventually(() => cluster.client.get(ServiceAccount, { namespace, name: 'default' }))
})
afterEach(() => cluster?.[Symbol.asyncDispose]())

/** The kubelet's part. */
async function runPods(): Promise<void> {
  for (const { metadata, spec, status } of await podsIn(cluster.client, namespace)) {
    const image = spec.containers[0]?.image ?? ''
    if (metadata.deletionTimestamp || stuck.has(image)) continue
    const isReady = !crashing.has(image)
    const is = conditionOf(status.conditions, 'Ready')?.status
    if (is === (isReady ? 'True' : 'False')) continue
    const time = formatTime(clock.now())
    const container = {
      name: 'web',
      image,
      imageID: '',
      ready: isReady,
      restartCount: isReady ? 0 : 4,
      state: isReady ? { running: { startedAt: time } } : { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: isReady ? {} : { terminated: { exitCode: 137 } },
    }
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: time }]
    const next = { phase: 'Running', conditions, containerStatuses: [container] }
    await cluster.client.patch(Pod, metadata, { status: next }, { type: 'merge', subresource: 'status' })
  }
}
const inTime = <T>(check: () => Promise<T>) =>
  eventually(async () => {
    await runPods().catch(() => undefined) // a pod went meanwhile
    await clock.advance(2_000)
    return await check()
  }, 20_000)

const read = () => cluster.client.get(Deployment, { namespace, name: 'web' })
const imageOf = ({ spec }: Deployment) => spec.template.spec?.containers[0]?.image
const setImage = (image: string) =>
  cluster.client.patch(Deployment, { namespace, name: 'web' }, { spec: { template: { spec: { containers: [{ name: 'web', image }] } } } }) // prettier-ignore
const rolledBack = async () => conditionOf((await read()).status.conditions, 'RolledBack')
const setOf = async (image: string) =>
  (await cluster.client.list(ReplicaSet, { namespace })).items.find(
    ({ spec }) => spec.template?.spec?.containers[0]?.image === image,
  )
const markOf = async (image: string, mark: string) =>
  (await setOf(image))?.metadata.annotations?.[`flotilla.dev/revision-${mark}`]
const isHealthy = (image: string) => inTime(async () => expect(await markOf(image, 'healthy-since')).toBeDefined())

async function deploy(annotations: Record<string, string> = { 'flotilla.dev/auto-rollback': 'true' }) {
  await cluster.client.create(Deployment, {
    metadata: { namespace, name: 'web', annotations },
    spec: {
      replicas: 2,
      progressDeadlineSeconds: 60,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  })
}
const whole = (image: string) =>
  inTime(async () => {
    const deployment = await read()
    expect(imageOf(deployment)).toBe(image)
    const { metadata, status } = deployment
    expect(status.observedGeneration).toBe(metadata.generation)
    expect(status).toMatchObject({ replicas: 2, updatedReplicas: 2, availableReplicas: 2 })
  })

describe('a Deployment that asks for automatic rollback', () => {
  test('returns to its healthy revision when new pods crash again and again, and says why', async () => {
    await deploy()
    await isHealthy('web:1')
    crashing.add('web:bad')
    await setImage('web:bad')
    await inTime(async () => expect(imageOf(await read())).toBe('web:1'))
    await whole('web:1')
    const { metadata } = await read()
    expect(metadata.annotations).toMatchObject({
      'flotilla.dev/rolled-back-from': '2',
      'flotilla.dev/rolled-back-reason': expect.stringMatching(
        /^container web of pod web-\w+-\w+ crashed 4 times, last with exit code 137$/,
      ) as unknown,
      'deployment.kubernetes.io/revision': '3',
    })
    expect(await rolledBack()).toMatchObject({ status: 'True', reason: 'CrashLoopBackOff' })
    expect((await rolledBack())?.message).toMatch(/^Rolled back from revision 2 to revision 3: container web of pod/)
    expect(await eventsAbout(cluster.client, namespace, 'web')).toContainEqual(
      expect.stringMatching(/^AutoRollback: Rolled back from revision 2 to revision 3/),
    )
    expect(await markOf('web:bad', 'failed')).toMatch(/^CrashLoopBackOff: /)
    // A revision that works afterwards ends the story.
    await setImage('web:2')
    await isHealthy('web:2')
    await inTime(async () => expect(await rolledBack()).toMatchObject({ status: 'False', reason: 'RevisionHealthy' }))
  })

  test('returns when the deadline for progress passes', async () => {
    await deploy()
    await isHealthy('web:1')
    stuck.add('web:stuck')
    await setImage('web:stuck')
    await whole('web:1')
    expect(await rolledBack()).toMatchObject({ status: 'True', reason: 'ProgressDeadlineExceeded' })
    expect((await rolledBack())?.message).toContain('it made no progress for 60 seconds')
  })

  test('the time that the control plane slept does not count, and the deadline starts again', async () => {
    await deploy()
    await isHealthy('web:1')
    stuck.add('web:slow')
    await setImage('web:slow')
    await inTime(async () => expect((await read()).status).toMatchObject({ updatedReplicas: 1, observedGeneration: 2 }))
    const looks = () => cluster.looks.get('deployment') ?? 0
    const before = looks()
    clock.sleep(8 * 3_600_000)
    await clock.advance(20_000)
    await eventually(() => Promise.resolve(expect(looks()).toBeGreaterThan(before)))
    const progress = conditionOf((await read()).status.conditions, 'Progressing')
    expect(progress?.reason).not.toBe('ProgressDeadlineExceeded')
    await whole('web:1')
    expect(await rolledBack()).toMatchObject({ status: 'True', reason: 'ProgressDeadlineExceeded' })
  })

  test('never goes back and forth between two bad revisions', async () => {
    await deploy()
    await isHealthy('web:1')
    crashing.add('web:bad')
    await setImage('web:bad')
    await whole('web:1')
    // Now what was healthy fails as well, and then loses its mark: there is nothing left to return to.
    crashing.add('web:1')
    for (const pod of await podsIn(cluster.client, namespace))
      await cluster.client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0 })
    await inTime(async () => expect((await read()).status).toMatchObject({ replicas: 2, unavailableReplicas: 2 }))
    await cluster.client.patch(ReplicaSet, (await setOf('web:1'))!.metadata, { metadata: { annotations: { 'flotilla.dev/revision-healthy-since': null } } }, { type: 'merge' }) // prettier-ignore
    await inTime(async () => expect(await rolledBack()).toMatchObject({ status: 'False', reason: 'NoHealthyRevision' }))
    const { generation } = (await read()).metadata
    for (let i = 0; i < 60; i++) await clock.advance(5_000)
    expect((await read()).metadata.generation).toBe(generation)
    expect(imageOf(await read())).toBe('web:1')
  }, 60_000)

  test('one that does not ask for it stays where it is', async () => {
    await deploy({})
    await whole('web:1')
    crashing.add('web:bad')
    await setImage('web:bad')
    await inTime(async () => {
      const { status } = await read()
      expect(conditionOf(status.conditions, 'Progressing')).toMatchObject({ reason: 'ProgressDeadlineExceeded' })
    })
    expect(imageOf(await read())).toBe('web:bad')
    expect(await rolledBack()).toBeUndefined()
  })
})
