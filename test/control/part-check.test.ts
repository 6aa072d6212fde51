// What ComponentStatuses tell: the control plane's parts in this process, those that another one leads, and none.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Lease } from '../../src/shared/api/coordination/v1.ts'
import { ComponentStatus } from '../../src/shared/api/core/v1.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { componentStatusHandler } from '../../src/main/apiserver/endpoints/component-statuses.ts'
import { storeCheck } from '../../src/main/apiserver/health/health.ts'
import { partCheck } from '../../src/main/control-plane/part-check.ts'
import { startTestApiServer, type TestApiServer } from '../support/api-server.ts'

let server: TestApiServer
const running = new Set<string>()
beforeEach(async () => {
  server = await startTestApiServer({
    withStore: store => ({
      subresources: [
        componentStatusHandler([
          partCheck('scheduler', 'kube-scheduler', { store, clock: systemClock, running }),
          storeCheck(store, 'etcd-0'),
        ]),
      ],
    }),
  })
})
afterEach(() => server[Symbol.asyncDispose]())

const lease = (renewedAtMs: number) => ({
  metadata: { name: 'kube-scheduler', namespace: 'kube-system' },
  spec: { renewTime: new Date(renewedAtMs).toISOString().replace('Z', '000Z'), leaseDurationSeconds: 10 },
})
const shown = async () => {
  const { items } = await server.clientAs().list(ComponentStatus)
  return items.map(({ metadata, conditions }) => `${metadata.name} ${conditions?.map(({ status, message }) => `${status} ${message}`).join()}`) // prettier-ignore
}

test('a part is healthy while this process runs it, or whoever leads it renews its Lease', async () => {
  expect(await shown()).toEqual(['scheduler False no control plane runs it', 'etcd-0 True ok'])
  running.add('kube-scheduler')
  expect((await shown())[0]).toBe('scheduler True ok')
  running.clear()
  await server.clientAs().create(Lease, lease(Date.now()))
  expect((await shown())[0]).toBe('scheduler True ok')
  const { spec } = lease(Date.now() - 60_000)
  await server
    .clientAs()
    .patch(Lease, { namespace: 'kube-system', name: 'kube-scheduler' }, { spec }, { type: 'merge' })
  expect((await shown())[0]).toBe('scheduler False no control plane runs it')
})

test('one is read by its name, and of others there is nothing', async () => {
  expect((await server.clientAs().get(ComponentStatus, { name: 'etcd-0' })).conditions).toEqual([{ type: 'Healthy', status: 'True', message: 'ok' }]) // prettier-ignore
  await expect(server.clientAs().get(ComponentStatus, { name: 'etcd-1' })).rejects.toThrow('not found')
})
