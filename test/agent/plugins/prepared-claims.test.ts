// Devices of claims that several pods use one after the other and at the same time, with a driver on real sockets.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DraDrivers } from '../../../src/agent/kubelet/devices/dra-drivers.ts'
import { PreparedClaims } from '../../../src/agent/kubelet/devices/prepared-claims.ts'
import type { Pod } from '../../../src/shared/api/core/v1.ts'
import type { ResourceClaim } from '../../../src/shared/api/resource/v1.ts'
import type { Client } from '../../../src/shared/client/client.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'
import { deferred } from '../../../src/shared/machinery/deferred.ts'
import { silentLog } from '../../../src/shared/machinery/log.ts'
import { eventually } from '../../support/eventually.ts'
import { TestDraDriver } from '../../support/plugins/dra-driver.ts'

const DRIVER = 'shared.example.com'
const namespace = 'default'

let dataDir: string
let driver: TestDraDriver
let drivers: DraDrivers
let claims: PreparedClaims
/** Pods that may use it. */
let users: string[]

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'claims-'))
  users = []
  const device = { requestNames: ['all'], poolName: 'pool', deviceName: 'dev', cdiDeviceIDs: ['example.com/dev=one'] }
  driver = new TestDraDriver(dataDir, { name: DRIVER, prepare: () => [device] })
  await driver.start()
  // Nothing here asks the API server but what tells that a driver is gone.
  const client = {} as Client
  drivers = new DraDrivers({ client, nodeName: 'node', onHealth: () => undefined, clock: systemClock, log: silentLog })
  const endpoint = join(dataDir, 'plugins', DRIVER, 'dra.sock')
  await drivers.register({ name: DRIVER, endpoint, supportedVersions: ['v1.DRAPlugin'] })
  const source = { resourceClaim: async (_namespace: string, name: string) => claim(name) }
  claims = new PreparedClaims({ path: join(dataDir, 'prepared-claims.json'), source, drivers, log: silentLog })
})
afterEach(async () => {
  await drivers[Symbol.asyncDispose]()
  await driver[Symbol.asyncDispose]()
  rmSync(dataDir, { recursive: true, force: true })
})

const claim = (name: string) =>
  ({
    metadata: { namespace, name, uid: `uid-of-${name}` },
    spec: {},
    status: {
      allocation: { devices: { results: [{ request: 'all', driver: DRIVER, pool: 'pool', device: 'dev' }] } },
      reservedFor: users.map(uid => ({ resource: 'pods', name: uid, uid })),
    },
  }) as unknown as ResourceClaim

const container = { name: 'c', image: 'i', resources: { claims: [{ name: 'gpu' }] } }
function user(uid: string, resourceClaimName = 'gpu'): Pod {
  users.push(uid)
  const metadata = { namespace, name: uid, uid } as Pod['metadata']
  const spec = { containers: [container], resourceClaims: [{ name: 'gpu', resourceClaimName }] }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: {} }
}

describe('a claim', () => {
  it('that its last pod gives back is made ready anew for a pod that comes meanwhile', async () => {
    const [first, second] = [user('first'), user('second')]
    await claims.prepare(first)
    const takingBack = deferred()
    driver.takingBack = takingBack.promise
    const given = claims.unprepare('first')
    await eventually(() => expect(driver.calls).toContain('unprepare gpu'))
    const prepared = claims.prepare(second)
    takingBack.resolve()
    await Promise.all([given, prepared])
    expect(claims.cdiDevices(second, container)).toEqual(['example.com/dev=one'])
    expect(driver.calls).toEqual(['prepare gpu', 'unprepare gpu', 'prepare gpu'])
    expect(claims.podsWith(DRIVER)).toEqual(new Set(['second']))
  })

  it('holds up no pod with another one', async () => {
    const first = user('first')
    await claims.prepare(first)
    const takingBack = deferred()
    driver.takingBack = takingBack.promise
    const given = claims.unprepare('first')
    await eventually(() => expect(driver.calls).toContain('unprepare gpu'))
    const other = user('other', 'another')
    await claims.prepare(other)
    expect(claims.cdiDevices(other, container)).toEqual(['example.com/dev=one'])
    takingBack.resolve()
    await given
  })
})

describe('a driver that tells of ever more devices', () => {
  const health = (device: string) => drivers.healthOf(DRIVER, 'pool', device).health
  const invented = (of: string) => Array.from({ length: 3_000 }, (_, at) => `${of}-${at}`)
  it('is remembered of those that it told of last', async () => {
    for (const of of ['first', 'second', 'third']) {
      driver.tellOf(invented(of))
      await eventually(() => expect(health(`${of}-2999`)).toBe('Healthy'))
    }
    expect(invented('first').map(health)).not.toContain('Healthy')
    expect(invented('second').map(health)).toContain('Healthy')
    expect(invented('third').map(health)).not.toContain('Unknown')
    expect(health('dev')).toBe('Healthy')
  })
  it('is not believed names that no device can have', async () => {
    const [short, long] = ['n'.repeat(63), 'n'.repeat(64)]
    driver.tellOf([long, short])
    await eventually(() => expect(health(short)).toBe('Healthy'))
    expect(health(long)).toBe('Unknown')
  })
})
