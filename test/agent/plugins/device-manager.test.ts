// The device manager by itself, with plugins on real sockets: who has which device when plugins come, go and fail.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DeviceManager } from '../../../src/agent/kubelet/devices/device-manager.ts'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { eventually } from '../../support/eventually.ts'
import { TestDevicePlugin } from '../../support/plugins/device-plugin.ts'

const FIRST = 'example.com/first'
const SECOND = 'example.com/second'

let dataDir: string
let manager: DeviceManager
const ends: AsyncDisposable[] = []
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'devices-'))
  manager = new DeviceManager({
    dataDir,
    isActive: () => true,
    onCapacity: () => undefined,
    onHealth: () => undefined,
    clock: systemClock,
    log: silentLog,
  })
  await manager.start()
})
afterEach(async () => {
  await manager[Symbol.asyncDispose]()
  for (const end of ends.splice(0)) await end[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

/** A plugin that announces itself, as the plugin manager hands it on. */
async function plugin(folder: string, resource: string, devices: Readonly<Record<string, string>>) {
  const served = new TestDevicePlugin(join(dataDir, folder), { resource, devices, give: () => ({}) })
  ends.push(served)
  await served.serve()
  const announced = { name: resource, endpoint: served.socket, supportedVersions: ['v1beta1'] }
  await manager.register(announced, new AbortController().signal)
  return announced
}
const offered = (resource: string, count: string) =>
  eventually(() => expect(manager.amounts.allocatable[resource]).toBe(count))

const podWith = (uid: string, containers: Readonly<Record<string, string>>): Pod => {
  const of = ([name, resource]: [string, string]) => ({ name, image: 'i', resources: { limits: { [resource]: '1' } } })
  const metadata = { name: uid, namespace: 'default', uid } as Pod['metadata']
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: Object.entries(containers).map(of) },
    status: {},
  }
}
const devicesOf = (pod: Pod, container: string) =>
  manager.devicesOf(pod.metadata.uid, container).flatMap(({ devices }) => devices.map(({ ID }) => ID))

describe('a resource', () => {
  it('stays with the plugin that came last when the one before it goes', async () => {
    const old = await plugin('old', FIRST, { a: 'Healthy' })
    await offered(FIRST, '1')
    const next = await plugin('next', FIRST, { a: 'Healthy', b: 'Healthy' })
    await offered(FIRST, '2')
    await manager.deregister(old)
    expect(manager.amounts.allocatable[FIRST]).toBe('2')
    await manager.deregister(next)
    expect(manager.amounts.allocatable[FIRST]).toBe('0')
  })
})

describe('a container', () => {
  it('keeps its devices when another one of its pod does not get any', async () => {
    await plugin('first', FIRST, { a: 'Healthy' })
    await offered(FIRST, '1')
    const pod = podWith('pod', { one: FIRST, other: SECOND })
    // Nobody offers the second resource yet: the pod was taken without it.
    await manager.allocate(pod)
    expect(devicesOf(pod, 'one')).toEqual(['a'])
    await plugin('second', SECOND, { broken: 'Unhealthy' })
    await eventually(() => expect(manager.amounts.capacity[SECOND]).toBe('1'))
    await expect(manager.beforeStart(pod, pod.spec.containers[1]!)).rejects.toThrow('no healthy devices present')
    expect(devicesOf(pod, 'one')).toEqual(['a'])
    await expect(manager.allocate(podWith('next', { one: FIRST }))).rejects.toThrow('unavailable')
  })
})

describe('a plugin that does not answer', () => {
  it('is not waited for when that is called off', async () => {
    const silent = join(dataDir, 'silent.sock')
    const server = createServer()
    const asked = new Promise(resolve => server.once('connection', resolve))
    await new Promise<void>(resolve => server.listen(silent, () => resolve()))
    const stop = new AbortController()
    const announced = { name: FIRST, endpoint: silent, supportedVersions: ['v1beta1'] }
    const taken = expect(manager.register(announced, stop.signal)).rejects.toThrow('code = Canceled')
    await asked
    stop.abort(new Error('the agent stops'))
    await taken
    server.close()
  })
})
