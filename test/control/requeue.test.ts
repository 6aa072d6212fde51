// A reconciler that wants to look again at once, for ever, is a fault of ours; it must not become one of the machine's.
import { expect, test } from 'vitest'
import { ConfigMap } from '../../src/shared/api/core/v1.ts'
import { ControllerManager } from '../../src/shared/client/controller-manager.ts'
import { controller, own, requeueAfter } from '../../src/shared/client/reconciler.ts'
import { silentLog } from '../../src/shared/machinery/log.ts'
import { startTestApiServer } from '../support/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { ManualClock } from '../support/manual-clock.ts'

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
  await using manager = new ControllerManager({
    controllers: [restless],
    client,
    clientFor: () => client,
    clock,
    log: silentLog,
  })
  manager.start()
  await manager.ready()
  await client.create(ConfigMap, { metadata: { namespace: 'default', name: 'due' }, data: {} })
  await eventually(() => expect(looks.length).toBeGreaterThan(0))
  await clock.advance(60_000)
  expect(looks.length).toBeGreaterThan(5)
  expect(looks.length).toBeLessThan(20)
})
