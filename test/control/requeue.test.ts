// A reconciler that wants to look again at once, for ever, is a fault of ours; it must not become one of the machine's.
import { expect, test } from 'vitest'
import type { AdmissionPlugin } from '../../src/main/apiserver/admission/contract.ts'
import { JobController } from '../../src/main/controllers/job/controller.ts'
import { Job } from '../../src/shared/api/batch/v1.ts'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import { controller, own, requeueAfter } from '../../src/shared/client/reconciler.ts'
import { ApiError } from '../../src/shared/machinery/status.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { runControllers } from './support/run-controllers.ts'

test('what is due at once, again and again, is looked at ever more seldom', async () => {
  await using api = await startTestApiServer()
  const clock = new ManualClock()
  const looks: number[] = []
  const restless = controller<ConfigMap>({
    name: 'restless',
    type: ConfigMap,
    watches: [own(ConfigMap)],
    reconcile: () => {
      looks.push(clock.monotonic())
      return Promise.resolve(requeueAfter(-1))
    },
  })
  const client = api.clientAs()
  await using _manager = await runControllers(client, clock, [restless])
  await client.create(ConfigMap, { metadata: { namespace: 'default', name: 'due' }, data: {} })
  await eventually(() => expect(looks.length).toBeGreaterThan(0))
  await clock.advance(60_000)
  expect(looks.length).toBeGreaterThan(5)
  expect(looks.length).toBeLessThan(20)
})

test('a Job whose pods are refused tries again after a second, then ever later, and at last every minute', async () => {
  const clock = new ManualClock()
  let refusals = 0
  const refusing: AdmissionPlugin = {
    name: 'Refusing',
    validate({ resource }) {
      if (resource.type.kind !== 'Pod') return
      refusals++
      throw new ApiError(403, 'Forbidden', 'no room')
    },
  }
  await using api = await startTestApiServer({ admission: [refusing] })
  const client = api.clientAs()
  let failures = 0
  const metrics = { reconciled: (_name: string, outcome: string) => void (failures += outcome === 'error' ? 1 : 0) }
  await using _manager = await runControllers(client, clock, [controller(new JobController(clock))], { metrics })
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }
  await client.create(Job, { metadata: { namespace: 'default', name: 'refused' }, spec: { template } } as Job)
  // Once for the Job, once for the status that it was given then.
  await eventually(() => expect(failures).toBe(2))
  for (const waitMs of [1_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    const before = refusals
    await clock.advance(waitMs - 1)
    expect(refusals).toBe(before)
    await clock.advance(1)
    await eventually(() => expect([refusals, failures]).toEqual([before + 1, before + 1]))
  }
})
