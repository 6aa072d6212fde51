// Pods that become available by the passing of time alone, just while their controller looks at them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DaemonSetController } from '../../src/main/controllers/daemonset/controller.ts'
import { replicaSetController } from '../../src/main/controllers/replicaset/controller.ts'
import { StatefulSetController } from '../../src/main/controllers/statefulset/controller.ts'
import { DaemonSet, ReplicaSet, StatefulSet } from '../../src/shared/api/apps/v1.ts'
import { Namespace, Node } from '../../src/shared/api/core/v1.ts'
import { controller } from '../../src/shared/client/reconciler.ts'
import { type Clock, systemClock } from '../../src/shared/machinery/clock.ts'
import { conditionOf } from '../../src/shared/machinery/conditions.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { podsIn, reportPod } from './support/cluster.ts'
import { runControllers } from './support/run-controllers.ts'

let api: Awaited<ReturnType<typeof startTestApiServer>>
beforeAll(async () => {
  api = await startTestApiServer()
  await api.clientAs().create(Node, { metadata: { name: 'one' }, spec: {}, status: {} } as never)
})
afterAll(() => api?.[Symbol.asyncDispose]())

const SECONDS = 2
/** What each calls the pods that are ready, and those that have been for long enough. */
const KINDS = [
  [ReplicaSet, 'readyReplicas', 'availableReplicas', (clock: Clock) => controller(replicaSetController(clock))],
  [StatefulSet, 'readyReplicas', 'availableReplicas', (clock: Clock) => controller(new StatefulSetController(clock))],
  [DaemonSet, 'numberReady', 'numberAvailable', (clock: Clock) => controller(new DaemonSetController(clock))],
] as const

/** How often the clock is looked at before they are: one of these is just between what is told and what is waited for. */
const LOOKS = [1, 2, 3, 4]
const cases = KINDS.flatMap(kind => LOOKS.map(looks => [kind[0].kind, looks, ...kind] as const))

test.each(cases)('a %s, after %i looks at the clock', async (kind, looks, type, ready, available, make) => {
  const client = api.clientAs()
  const namespace = `${kind.toLowerCase()}-${looks}`
  await client.create(Namespace, { metadata: { name: namespace }, spec: {} })
  // Stands still a moment before the pod has been ready for long enough, and goes on whenever it is looked at.
  let [nowMs, goesOn] = [systemClock.now(), false]
  const clock: Clock = { ...systemClock, now: () => (goesOn ? nowMs++ : nowMs) }
  await using _manager = await runControllers(client, clock, [make(clock)])
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
  const metadata = { namespace, name: 'web' }
  const spec = { selector: { matchLabels: labels }, template, minReadySeconds: SECONDS }
  await client.create(type as typeof ReplicaSet, { metadata, spec } as never)
  const [pod] = await eventually(async () => {
    const found = await podsIn(client, namespace)
    expect(found).toHaveLength(1)
    return found
  })
  const { status: reported } = await reportPod(client, pod!)
  nowMs = Date.parse(conditionOf(reported.conditions, 'Ready')!.lastTransitionTime!) + SECONDS * 1_000 - looks
  const status = async () =>
    (await client.get(type as typeof ReplicaSet, metadata)).status as unknown as Record<string, number>
  await eventually(async () => expect((await status())[ready]).toBe(1))
  expect((await status())[available] ?? 0).toBe(0)
  goesOn = true
  await eventually(async () => expect((await status())[available]).toBe(1))
  await client.delete(type as typeof ReplicaSet, metadata, { propagationPolicy: 'Background' })
})
