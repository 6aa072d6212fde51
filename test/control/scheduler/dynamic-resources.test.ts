import { describe, expect, test } from 'vitest'
import { type Found, allocate } from '../../../src/main/scheduler/plugins/dynamic-resources/allocate.ts'
import { allocationResult } from '../../../src/main/scheduler/plugins/dynamic-resources/allocation-result.ts'
import { Matching } from '../../../src/main/scheduler/plugins/dynamic-resources/matching.ts'
import { Pools } from '../../../src/main/scheduler/plugins/dynamic-resources/pools.ts'
import { type WantedClaim, readClaim } from '../../../src/main/scheduler/plugins/dynamic-resources/requests.ts'
import { amountsOf } from '../../../src/main/scheduler/plugins/dynamic-resources/shares.ts'
import type {
  CapacityRequestPolicy,
  Device,
  DeviceClaim,
  DeviceClass,
  DeviceClassSpec,
  DeviceRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../../src/shared/api/resource/v1.ts'
import { type Clock, systemClock } from '../../../src/shared/machinery/clock.ts'
import { makeNode } from './fixtures.ts'

const DRIVER = 'gpu.example.com'

const slice = (devices: Device[], spec: Partial<ResourceSliceSpec> = {}): ResourceSlice =>
  ({
    metadata: { name: 's' },
    spec: {
      driver: DRIVER,
      nodeName: 'a',
      pool: { name: 'a', generation: 1, resourceSliceCount: 1 },
      devices,
      ...spec,
    },
  }) as ResourceSlice
const gpu = (name: string, more: Partial<Device> = {}): Device => ({ name, ...more })
const big = (name: string) => gpu(name, { capacity: { memory: { value: '80Gi' } } })

const deviceClass = (name: string, spec: DeviceClassSpec = {}) => ({ metadata: { name }, spec }) as DeviceClass
const CLASSES: DeviceClass[] = [
  deviceClass('gpu', {
    selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }],
    config: [{ opaque: { driver: DRIVER, parameters: { mode: 'shared' } } }],
  }),
  deviceClass('any'),
  deviceClass('broken', { selectors: [{ cel: { expression: 'device.attributes["x"].missing' } }] }),
]

const exactly = (request: Partial<ExactDeviceRequest> = {}, name = 'r'): DeviceRequest => ({
  name,
  exactly: { deviceClassName: 'any', allocationMode: 'ExactCount', count: 1, ...request },
})
const claim = (devices: DeviceClaim, name = 'c'): ResourceClaim =>
  ({ metadata: { namespace: 'default', name, uid: name }, spec: { devices }, status: {} }) as ResourceClaim

function read(given: ResourceClaim): WantedClaim {
  const wanted = readClaim(given, name => CLASSES.find(({ metadata }) => metadata.name === name))
  if ('problem' in wanted) throw new Error(wanted.problem)
  return wanted
}

interface World {
  readonly slices: ResourceSlice[]
  readonly inUse?: string[]
  readonly shared?: Record<string, Record<string, string>>
  readonly labels?: Record<string, string>
  readonly steps?: number
  /** Of a clock that goes on by one whenever somebody looks at it. */
  readonly mostMs?: number
}
function hurriedClock(): Clock {
  let now = 0
  return { ...systemClock, monotonic: () => now++ }
}
const searchIn = (
  { slices, inUse = [], shared = {}, labels, steps = 10_000, mostMs }: World,
  claims: ResourceClaim[],
): Found =>
  allocate(
    {
      pools: new Pools(slices),
      matching: new Matching(),
      inUse: new Set(inUse),
      shared: new Map(Object.entries(shared).map(([id, amounts]) => [id, amountsOf(amounts)])),
      budget: { left: steps },
      time: mostMs === undefined ? undefined : { clock: hurriedClock(), mostMs },
    },
    claims.map(read),
    makeNode('a', labels ? { labels } : {}),
  )
/** `request=device` of each claim, why there are none, or `none`. */
function devices(world: World, ...claims: (DeviceClaim | ResourceClaim)[]): string {
  const found = searchIn(
    world,
    claims.map((given, i) => ('metadata' in given ? given : claim(given, `c${i}`))),
  )
  if (!found) return 'none'
  if ('problem' in found) return found.problem
  return found.map(chosen => chosen.map(c => `${c.alternative.name}=${c.device.device.name}`).join(' ')).join(' | ')
}

describe('which devices a claim gets', () => {
  test.each<[string, World, DeviceClaim, string]>([
    ['the first that is free', { slices: [slice([gpu('x'), gpu('y')])], inUse: [`${DRIVER}/a/x`] }, { requests: [exactly()] }, 'r=y'],
    ['none when all are in use', { slices: [slice([gpu('x')])], inUse: [`${DRIVER}/a/x`] }, { requests: [exactly()] }, 'none'],
    ['one in use for an administrator', { slices: [slice([gpu('x')])], inUse: [`${DRIVER}/a/x`] }, { requests: [exactly({ adminAccess: true })] }, 'r=x'],
    ['as many as it counts', { slices: [slice([gpu('x'), gpu('y'), gpu('z')])] }, { requests: [exactly({ count: 2 })] }, 'r=x r=y'],
    ['none when there are fewer than it counts', { slices: [slice([gpu('x')])] }, { requests: [exactly({ count: 2 })] }, 'none'],
    ['all that match', { slices: [slice([big('x'), gpu('y'), big('z')])] }, { requests: [exactly({ allocationMode: 'All', selectors: [{ cel: { expression: `device.capacity["${DRIVER}"].?memory.hasValue()` } }] })] }, 'r=x r=z'],
    ['none when one of all is in use', { slices: [slice([gpu('x'), gpu('y')])], inUse: [`${DRIVER}/a/y`] }, { requests: [exactly({ allocationMode: 'All' })] }, 'none'],
    ['none when all are none', { slices: [] }, { requests: [exactly({ allocationMode: 'All' })] }, 'none'],
    ['never one device for two requests', { slices: [slice([gpu('x'), gpu('y')])] }, { requests: [exactly(), exactly({}, 's')] }, 'r=x s=y'],
    ['what leaves enough for the next request', { slices: [slice([big('x'), gpu('y')])] }, { requests: [exactly(), exactly({ selectors: [{ cel: { expression: `"memory" in device.capacity["${DRIVER}"]` } }] }, 's')] }, 'r=y s=x'],
    ['nothing of a device without the capacity', { slices: [slice([gpu('x'), big('y')])] }, { requests: [exactly({ capacity: { requests: { memory: '40Gi' } } })] }, 'r=y'],
    ['a device whose driver leaves its own domain out', { slices: [slice([gpu('x'), big('y')])] }, { requests: [exactly({ capacity: { requests: { [`${DRIVER}/memory`]: '40Gi' } } })] }, 'r=y'],
    ['nothing for a capacity that is named like what all objects have', { slices: [slice([big('x')])] }, { requests: [exactly({ capacity: { requests: { constructor: '1' } } })] }, 'none'],
    ['nothing of another node', { slices: [slice([gpu('x')], { nodeName: 'b' })] }, { requests: [exactly()] }, 'none'],
    ['something of every node', { slices: [slice([gpu('x')], { nodeName: '', allNodes: true })] }, { requests: [exactly()] }, 'r=x'],
    ['only devices that the node reaches', { slices: [slice([gpu('x', { nodeName: 'b' }), gpu('y', { nodeName: 'a' })], { nodeName: '', perDeviceNodeSelection: true })] }, { requests: [exactly()] }, 'r=y'],
    ['nothing of a pool that is not whole', { slices: [slice([gpu('x')], { pool: { name: 'a', generation: 1, resourceSliceCount: 2 } })] }, { requests: [exactly()] }, 'none'],
    ['nothing of an older generation', { slices: [slice([gpu('old')]), slice([gpu('new')], { pool: { name: 'a', generation: 2, resourceSliceCount: 1 } })] }, { requests: [exactly()] }, 'r=new'],
    ['a device that its driver has to make ready', { slices: [slice([gpu('x', { bindingConditions: ['attached'] })])] }, { requests: [exactly()] }, 'r=x'],
  ])('%s', (_what, world, wanted, expected) => {
    expect(devices(world, wanted)).toBe(expected)
  }) // prettier-ignore

  test('of alternatives the first that can be had, with the rest of the claim', () => {
    const firstAvailable = [
      { name: 'two', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 },
      { name: 'one', deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 },
    ]
    const requests = [{ name: 'r', firstAvailable }, exactly({}, 's')]
    expect(devices({ slices: [slice([gpu('x'), gpu('y'), gpu('z')])] }, { requests })).toBe('r/two=x r/two=y s=z')
    expect(devices({ slices: [slice([gpu('x'), gpu('y')])] }, { requests })).toBe('r/one=x s=y')
  })

  test('of all claims of a pod together', () => {
    const world = { slices: [slice([gpu('x'), gpu('y')])] }
    expect(devices(world, { requests: [exactly()] }, { requests: [exactly()] })).toBe('r=x | r=y')
    expect(devices(world, { requests: [exactly({ count: 2 })] }, { requests: [exactly()] })).toBe('none')
  })

  test('tainted devices go to those that tolerate it', () => {
    const tainted = { slices: [slice([gpu('x', { taints: [{ key: 'sick', effect: 'NoSchedule', value: 'very' }] })])] }
    expect(devices(tainted, { requests: [exactly()] })).toBe('none')
    const tolerations = [{ key: 'sick', operator: 'Exists' }]
    expect(devices(tainted, { requests: [exactly({ tolerations })] })).toBe('r=x')
    const informed = { slices: [slice([gpu('x', { taints: [{ key: 'sick', effect: 'None' }] })])] }
    expect(devices(informed, { requests: [exactly()] })).toBe('r=x')
  })
})

describe('constraints', () => {
  const on = (name: string, numa: number) => gpu(name, { attributes: { numa: { int: numa } } })
  const world = { slices: [slice([on('x', 0), on('y', 1), on('z', 1), gpu('unknown')])] }
  test.each<[string, DeviceClaim, string]>([
    ['matchAttribute: all share the value', { requests: [exactly({ count: 2 })], constraints: [{ matchAttribute: `${DRIVER}/numa` }] }, 'r=y r=z'],
    ['distinctAttribute: none shares it', { requests: [exactly({ count: 2 })], constraints: [{ distinctAttribute: `${DRIVER}/numa` }] }, 'r=x r=y'],
    ['what the constraint does not name is free', { requests: [exactly({ count: 2 }, 'r'), exactly({}, 's')], constraints: [{ matchAttribute: `${DRIVER}/numa`, requests: ['r'] }] }, 'r=y r=z s=x'],
    ['an attribute that no device has', { requests: [exactly()], constraints: [{ matchAttribute: 'other.example.com/numa' }] }, 'none'],
  ])('%s', (_what, wanted, expected) => {
    expect(devices(world, wanted)).toBe(expected)
  }) // prettier-ignore
})

test('parts of one device share its counters, also with what is given away', () => {
  const part = (name: string, memory: string) =>
    gpu(name, { consumesCounters: [{ counterSet: 'card', counters: { memory: { value: memory } } }] })
  const sharedCounters = [{ name: 'card', counters: { memory: { value: '80Gi' } } }]
  const pool = { name: 'a', generation: 1, resourceSliceCount: 2 }
  const slices = [
    slice([], { sharedCounters, pool }),
    slice([part('half-0', '40Gi'), part('half-1', '40Gi'), part('whole', '80Gi')], { pool }),
  ]
  const whole = { cel: { expression: 'true' } }
  expect(devices({ slices }, { requests: [exactly({ count: 2, selectors: [whole] })] })).toBe('r=half-0 r=half-1')
  expect(devices({ slices }, { requests: [exactly({ count: 3 })] })).toBe('none')
  expect(devices({ slices, inUse: [`${DRIVER}/a/whole`] }, { requests: [exactly()] })).toBe('none')
  expect(devices({ slices, inUse: [`${DRIVER}/a/half-0`] }, { requests: [exactly()] })).toBe('r=half-1')
})

describe('what is wrong is told', () => {
  const two = slice([gpu('x')], { pool: { name: 'a', generation: 1, resourceSliceCount: 2 } })
  test.each<[string, World, DeviceClaim, string]>([
    ['a selector that fails', { slices: [slice([gpu('x')])] }, { requests: [exactly({ deviceClassName: 'broken' })] }, 'class broken: selector #0: CEL runtime error: no such key: missing'],
    ['all devices of a pool that changes', { slices: [two] }, { requests: [exactly({ allocationMode: 'All' })] }, `claim default/c0, request r: asks for all devices, but resource pool ${DRIVER}/a is currently being updated`],
    ['two devices of one name', { slices: [slice([gpu('x'), gpu('x')])] }, { requests: [exactly()] }, 'invalid resource pools were encountered'],
    ['a search that goes on and on', { slices: [slice([gpu('x'), gpu('y')])], steps: 1 }, { requests: [exactly({ count: 2 })] }, 'too many combinations of devices were tried'],
    ['a search that takes too long', { slices: [slice([gpu('x'), gpu('y')])], mostMs: 2 }, { requests: [exactly({ count: 2 })] }, 'node a: timed out trying to allocate devices'],
    ['a search that is just in time', { slices: [slice([gpu('x'), gpu('y')])], mostMs: 3 }, { requests: [exactly({ count: 2 })] }, 'r=x r=y'],
  ])('%s', (_what, world, wanted, expected) => {
    expect(devices(world, wanted)).toBe(expected)
  }) // prettier-ignore

  test('a class that does not exist', () => {
    const wanted = readClaim(claim({ requests: [exactly({ deviceClassName: 'gone' })] }), () => undefined)
    expect(wanted).toEqual({ problem: 'request r: device class gone does not exist' })
  })
})

test.each([
  [`device.attributes["${DRIVER}"].model == "A" && device.attributes["${DRIVER}"].cores > 3`, true],
  ['device.attributes["nobody.example.com"].size() == 0', true],
  [`cel.bind(g, device.attributes["${DRIVER}"], g.driver.isGreaterThan(semver("1.2.3")))`, true],
  [`device.capacity["${DRIVER}"].memory.compareTo(quantity("10Gi")) < 0`, true],
  ['device.attributes["other.example.com"].fast', true],
  [`device.attributes["${DRIVER}"].model == "B"`, false],
])('the selector %s', (expression, expected) => {
  const device = gpu('x', {
    attributes: {
      model: { string: 'A' },
      cores: { int: 4 },
      driver: { version: '1.10.0' },
      'other.example.com/fast': { bool: true },
    },
    capacity: { memory: { value: '8Gi' } },
  })
  const found = devices(
    { slices: [slice([device])] },
    { requests: [exactly({ selectors: [{ cel: { expression } }] })] },
  )
  expect(found).toBe(expected ? 'r=x' : 'none')
})

describe('a device that several claims share', () => {
  const card = (more: Partial<Device> = {}) =>
    gpu('x', { allowMultipleAllocations: true, capacity: { memory: { value: '80Gi' } }, ...more })
  const asks = (memory: string, more: Partial<ExactDeviceRequest> = {}): DeviceClaim => ({
    requests: [exactly({ capacity: { requests: { memory } }, ...more })],
  })
  const id = `${DRIVER}/a/x`

  test('is given as long as enough of it is left', () => {
    const world = (memory: string) => ({ slices: [slice([card()])], shared: { [id]: { memory } } })
    expect(devices(world('40Gi'), asks('40Gi'))).toBe('r=x')
    expect(devices(world('41Gi'), asks('40Gi'))).toBe('none')
    expect(devices(world('0'), asks('40Gi'), asks('40Gi'))).toBe('r=x | r=x')
    expect(devices(world('0'), asks('40Gi'), asks('40Gi'), asks('1'))).toBe('none')
  })

  test('is given to one request as often as it counts, unless an attribute has to be another one each time', () => {
    const attributes = { uuid: { string: '1' } }
    const world = { slices: [slice([card({ attributes })])] }
    expect(devices(world, asks('20Gi', { count: 3 }))).toBe('r=x r=x r=x')
    expect(devices(world, asks('30Gi', { count: 3 }))).toBe('none')
    const constraints = [{ distinctAttribute: `${DRIVER}/uuid` }]
    expect(devices(world, { ...asks('20Gi', { count: 2 }), constraints })).toBe('none')
  })

  test('takes the counters of its pool once', () => {
    const consumesCounters = [{ counterSet: 'c', counters: { slots: { value: '1' } } }]
    const sharedCounters = [{ name: 'c', counters: { slots: { value: '1' } } }]
    const world = { slices: [slice([card({ consumesCounters })], { sharedCounters })] }
    expect(devices(world, asks('1Gi'), asks('1Gi'))).toBe('r=x | r=x')
    expect(devices({ ...world, shared: { [id]: { memory: '1Gi' } } }, asks('1Gi'))).toBe('r=x')
  })

  test('is told apart by selectors', () => {
    const selectors = [{ cel: { expression: 'device.allowMultipleAllocations' } }]
    const world = { slices: [slice([gpu('y'), card()])] }
    expect(devices(world, { requests: [exactly({ selectors })] })).toBe('r=x')
  })

  const range = { default: '10Gi', validRange: { min: '4Gi', max: '40Gi', step: '4Gi' } }
  const values = { default: '10Gi', validValues: ['10Gi', '20Gi'] }
  test.each<[string, CapacityRequestPolicy | undefined, string | undefined, string | undefined]>([
    ['what is asked for', undefined, '7Gi', '7Gi'],
    ['all of it, when nothing is asked for', undefined, undefined, '80Gi'],
    ['the default, when nothing is asked for', range, undefined, '10Gi'],
    ['the least there is', range, '1Gi', '4Gi'],
    ['the next step', range, '9Gi', '12Gi'],
    ['a step as it is', range, '12Gi', '12Gi'],
    ['nothing beyond the range', range, '41Gi', undefined],
    ['the next of the values', values, '11Gi', '20Gi'],
    ['nothing beyond the values', values, '21Gi', undefined],
    ['nothing that the device does not have', undefined, '81Gi', undefined],
  ])('gives %s: %j, %s → %s', (_what, requestPolicy, memory, expected) => {
    const device = card({ capacity: { memory: { value: '80Gi', ...(requestPolicy && { requestPolicy }) } } })
    const wanted = memory === undefined ? { requests: [exactly()] } : asks(memory)
    const found = searchIn({ slices: [slice([device])] }, [claim(wanted)])
    if (expected === undefined) return expect(found).toBeUndefined()
    const [chosen] = (found as Extract<Found, readonly unknown[]>)[0]!
    const [result] = allocationResult(read(claim(wanted)), [chosen!], 'a').devices!.results!
    expect(result).toMatchObject({ consumedCapacity: { memory: expected }, shareID: expect.stringMatching(/^[\da-f-]{36}$/) as string }) // prettier-ignore
  })
})

describe('the allocation that is written', () => {
  const own = { opaque: { driver: DRIVER, parameters: { mode: 'own' } } }
  const resultOf = (world: World, wanted: DeviceClaim) => {
    const given = claim(wanted)
    const found = searchIn(world, [given])
    if (!Array.isArray(found)) throw new Error('nothing was found')
    return allocationResult(readTwice(given, found), found[0], 'a')
  }
  /** The same requests that were searched for. */
  const readTwice = (given: ResourceClaim, found: Extract<Found, readonly unknown[]>): WantedClaim => ({
    claim: given,
    requests: read(given).requests.map(alternatives =>
      alternatives.map(
        each => found[0]?.find(({ alternative }) => alternative.name === each.name)?.alternative ?? each,
      ),
    ),
  })

  test('names the conditions that tell when a device is ready, and its node where it stays there', () => {
    const conditions = { bindingConditions: ['attached'], bindingFailureConditions: ['broken'] }
    const everywhere = { nodeName: '', allNodes: true }
    const result = (device: Partial<Device>) =>
      resultOf({ slices: [slice([gpu('x', { ...conditions, ...device })], everywhere)] }, { requests: [exactly()] })
    const results = [{ request: 'r', driver: DRIVER, pool: 'a', device: 'x', ...conditions }]
    expect(result({})).toEqual({ devices: { results } })
    const matchFields = [{ key: 'metadata.name', operator: 'In', values: ['a'] }]
    expect(result({ bindsToNode: true })).toEqual({
      devices: { results },
      nodeSelector: { nodeSelectorTerms: [{ matchFields }] },
    })
  })

  test('names the node of its devices, and configures them by class and claim', () => {
    const requests = [exactly({ deviceClassName: 'gpu' }), exactly({}, 's')]
    const config = [own, { ...own, requests: ['s'] }]
    expect(resultOf({ slices: [slice([gpu('x'), gpu('y')])] }, { requests, config })).toEqual({
      devices: {
        results: [
          { request: 'r', driver: DRIVER, pool: 'a', device: 'x' },
          { request: 's', driver: DRIVER, pool: 'a', device: 'y' },
        ],
        config: [
          { source: 'FromClass', requests: ['r'], opaque: { driver: DRIVER, parameters: { mode: 'shared' } } },
          { source: 'FromClaim', ...own },
          { source: 'FromClaim', requests: ['s'], ...own },
        ],
      },
      nodeSelector: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
      },
    })
  })

  test('of devices that several nodes reach keeps their selector; of those that all reach none', () => {
    const term = { matchExpressions: [{ key: 'rack', operator: 'In', values: ['1'] }] }
    const rack = slice([gpu('x')], { nodeName: '', nodeSelector: { nodeSelectorTerms: [term] } })
    const everywhere = slice([gpu('x')], { nodeName: '', allNodes: true })
    const requests = [exactly({ adminAccess: true })]
    expect(resultOf({ slices: [rack], labels: { rack: '1' } }, { requests }).nodeSelector).toEqual({
      nodeSelectorTerms: [term],
    })
    expect(resultOf({ slices: [everywhere] }, { requests })).toEqual({
      devices: { results: [{ request: 'r', driver: DRIVER, pool: 'a', device: 'x', adminAccess: true }] },
    })
  })
})
