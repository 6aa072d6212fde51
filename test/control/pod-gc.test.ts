import { expect, test } from 'vitest'
import { PodGarbageCollector } from '../../src/main/controllers/pod-gc/controller.ts'
import { ObservedTime } from '../../src/shared/machinery/observed-time.ts'
import { Pod } from '../../src/shared/api/core/v1.ts'
import { controller } from '../../src/shared/client/reconciler.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { runControllers } from './support/run-controllers.ts'

const namespace = 'default'
const KEPT = 2

test('of finished pods beyond the number that is kept, those that were evicted go first, then the oldest; running ones stay', async () => {
  await using api = await startTestApiServer()
  const client = api.clientAs()
  const clock = new ManualClock(Date.now())
  const make = async (name: string, status: Pod['status']) => {
    const spec = { containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'default' }
    const pod = await client.create(Pod, { metadata: { namespace, name }, spec })
    await client.updateStatus(Pod, { ...pod, status })
  }
  await make('running', { phase: 'Running' })
  await make('oldest', { phase: 'Succeeded' })
  // Ages have whole seconds.
  const nextSecond = () => new Promise(resolve => setTimeout(resolve, 1_000 - (Date.now() % 1_000)))
  await nextSecond()
  await make('succeeded', { phase: 'Succeeded' })
  await make('failed', { phase: 'Failed' })
  await nextSecond()
  await make('evicted', { phase: 'Failed', reason: 'Evicted' })
  await using _manager = await runControllers(client, clock, [
    controller(new PodGarbageCollector(new ObservedTime(clock), KEPT)),
  ])
  await eventually(async () => {
    await clock.advance(5_000)
    const names = (await client.list(Pod, { namespace })).items.map(({ metadata }) => metadata.name)
    expect(names.sort()).toEqual(['failed', 'running', 'succeeded'])
  })
})
