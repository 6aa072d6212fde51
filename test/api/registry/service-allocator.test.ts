// Cluster IPs and node ports over the real store.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Service } from '../../../src/shared/api/core/v1.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { AdmissionPlugin } from '../../../src/main/apiserver/admission/contract.ts'
import { services } from '../../../src/main/apiserver/registry/core/service.ts'
import {
  serviceAllocator,
  type ServiceAllocatorOptions,
} from '../../../src/main/apiserver/registry/core/service/allocator.ts'
import { decodeObject } from '../../../src/main/apiserver/schema/decode.ts'
import type { Guard, ObjectStore } from '../../../src/main/store/contract.ts'
import { openNedbEngine } from '../../../src/main/store/nedb/engine.ts'
import { openObjectStore } from '../../../src/main/store/object-store.ts'
import { type TempFolder, tempFolder } from '../../store/temp-folder.ts'
import { ManualClock } from '../../support/manual-clock.ts'

let folder: TempFolder
let store: ObjectStore
let clock: ManualClock
let plugin: AdmissionPlugin & Disposable

const open = (options: ServiceAllocatorOptions = {}) => serviceAllocator(store, { clock, ...options })

beforeEach(async () => {
  folder = await tempFolder()
  clock = new ManualClock()
  store = await openObjectStore(await openNedbEngine({ dataDir: folder.path }))
  plugin = open()
})
afterEach(async () => {
  plugin[Symbol.dispose]()
  await store[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const keyOf = (name: string) => `/registry/core/services/default/${name}`

const draft = (name: string, spec: Record<string, unknown>) => {
  const { object } = decodeObject('core.v1.Service', { metadata: { name, namespace: 'default' }, spec })
  services.setDefaults?.(object)
  return object
}

const request = (object: AnyObject, oldObject?: AnyObject, dryRun = false) => ({
  operation: oldObject ? ('UPDATE' as const) : ('CREATE' as const),
  resource: services,
  subresource: '',
  namespace: 'default',
  name: object.metadata.name,
  object,
  ...(oldObject ? { oldObject } : {}),
  user: { name: 'tester', groups: [] },
  dryRun,
  warn: () => undefined,
})

async function admit(object: AnyObject, oldObject?: AnyObject, dryRun = false): Promise<Service> {
  await plugin.mutate?.(request(object, oldObject, dryRun))
  await plugin.validate?.(request(object, oldObject, dryRun))
  return object as unknown as Service
}

async function create(name: string, spec: Record<string, unknown> = { ports: [{ port: 80 }] }): Promise<Service> {
  const service = await admit(draft(name, spec))
  await store.create(keyOf(name), service as unknown as AnyObject)
  return service
}

async function update(name: string, change: (spec: Record<string, unknown>) => void): Promise<Service> {
  const stored = store.get(keyOf(name))!
  const next = structuredClone(stored.object)
  change(next['spec'] as Record<string, unknown>)
  services.setDefaults?.(next)
  const service = await admit(next, stored.object)
  await store.update(keyOf(name), service as unknown as AnyObject, stored.revision)
  return service
}

const inRange = (ip: string | undefined, low: string, high: string) => {
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  return ip !== undefined && number(ip) >= number(low) && number(ip) <= number(high)
}

test('the last address of a large range can be had by name', async () => {
  plugin[Symbol.dispose]()
  plugin = open({ clusterIPRanges: ['2001:db8::/64'] })
  const clusterIP = '2001:db8::ffff:ffff:ffff:ffff'
  expect((await admit(draft('last', { clusterIP, ports: [{ port: 80 }] }))).spec.clusterIPs).toEqual([clusterIP])
})

describe('cluster IPs', () => {
  test('come out of the upper band, with families filled in', async () => {
    const { spec } = await create('web')
    expect(inRange(spec.clusterIP, '10.96.1.1', '10.96.255.254')).toBe(true)
    expect(spec).toMatchObject({ clusterIPs: [spec.clusterIP], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
  })

  test('are the ones asked for, also out of the low band', async () => {
    expect((await create('dns', { clusterIP: '10.96.0.10', ports: [{ port: 53 }] })).spec.clusterIPs).toEqual([
      '10.96.0.10',
    ])
  })

  test('that are taken are refused in words that name them', async () => {
    await create('dns', { clusterIP: '10.96.0.10', ports: [{ port: 53 }] })
    await expect(create('other', { clusterIP: '10.96.0.10', ports: [{ port: 53 }] })).rejects.toMatchObject({
      code: 422,
      message:
        'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    })
  })

  test('are taken by a service of the same name as well, which is there already without', async () => {
    const dns = { clusterIP: '10.96.0.10', type: 'NodePort', ports: [{ port: 53, nodePort: 30_053 }] } as const
    await create('dns', { ...dns, ports: [...dns.ports] })
    await expect(create('dns', { clusterIP: dns.clusterIP, ports: [{ port: 53 }] })).rejects.toThrow(
      'Service "dns" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
    )
    await expect(create('dns', { type: 'NodePort', ports: [...dns.ports] })).rejects.toThrow(
      'Service "dns" is invalid: spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated',
    )
    await expect(create('dns', { ports: [{ port: 53 }] })).rejects.toMatchObject({ code: 'KeyExists' })
  })

  test('outside the range are refused', async () => {
    await expect(create('far', { clusterIP: '10.97.0.1', ports: [{ port: 80 }] })).rejects.toThrow(
      'failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    )
  })

  test('are not given to headless and external services', async () => {
    expect(
      (await create('headless', { clusterIP: 'None', selector: { a: 'b' }, ports: [{ port: 80 }] })).spec.clusterIPs,
    ).toEqual(['None'])
    expect((await create('ext', { type: 'ExternalName', externalName: 'example.com' })).spec.clusterIP).toBeUndefined()
  })

  test('of a headless service without selector are of either family', async () => {
    const { spec } = await create('manual', { clusterIP: 'None' })
    expect(spec).toMatchObject({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] })
  })

  test('of concurrent creates differ, even in a range that is just large enough', async () => {
    plugin[Symbol.dispose]()
    plugin = open({ clusterIPRanges: ['10.50.0.0/28'] })
    const made = await Promise.all(Array.from({ length: 14 }, (_, i) => create(`s${i}`)))
    expect(new Set(made.map(service => service.spec.clusterIP)).size).toBe(14)
    await expect(create('one-too-many')).rejects.toThrow('range is full')
  })

  test('are free again when the service is deleted', async () => {
    plugin[Symbol.dispose]()
    plugin = open({ clusterIPRanges: ['10.50.0.0/30'] })
    const first = await create('a')
    await create('b')
    await store.delete(keyOf('a'), store.get(keyOf('a'))!.revision)
    expect((await create('c')).spec.clusterIP).toBe(first.spec.clusterIP)
  })

  test('are known to an allocator that starts later', async () => {
    await create('dns', { clusterIP: '10.96.0.10', ports: [{ port: 53 }] })
    plugin[Symbol.dispose]()
    plugin = open()
    await expect(create('again', { clusterIP: '10.96.0.10', ports: [{ port: 1 }] })).rejects.toThrow(
      'already allocated',
    )
  })

  test('of a write that failed are free for who asks by name, and for everyone after a while', async () => {
    plugin[Symbol.dispose]()
    plugin = open({ clusterIPRanges: ['10.50.0.0/30'] })
    await plugin.mutate?.(request(draft('never-stored', { clusterIP: '10.50.0.1', ports: [{ port: 1 }] })))
    expect((await create('asks', { clusterIP: '10.50.0.1', ports: [{ port: 1 }] })).spec.clusterIP).toBe('10.50.0.1')
    await plugin.mutate?.(request(draft('never-stored-2', { clusterIP: '10.50.0.2', ports: [{ port: 1 }] })))
    await expect(create('waits')).rejects.toThrow('range is full')
    await clock.advance(10_000)
    expect((await create('waits')).spec.clusterIP).toBe('10.50.0.2')
  })

  test('are not used up by a dry run', async () => {
    plugin[Symbol.dispose]()
    plugin = open({ clusterIPRanges: ['10.50.0.0/30'] })
    for (let i = 0; i < 5; i++) await admit(draft(`dry${i}`, { ports: [{ port: 80 }] }), undefined, true)
    await create('a')
    await create('b')
  })
})

describe.each([
  { order: 'IPv4 first', ranges: ['10.96.0.0/16', 'fd00:10:96::/112'], families: ['IPv4', 'IPv6'] },
  { order: 'IPv6 first', ranges: ['fd00:10:96::/112', '10.96.0.0/16'], families: ['IPv6', 'IPv4'] },
])('address families of a dual-stack cluster, $order', ({ ranges, families }) => {
  const ports = [{ port: 80 }]
  const PATTERNS: Record<string, RegExp> = { IPv4: /^10\.96\.\d+\.\d+$/, IPv6: /^fd00:10:96::[0-9a-f]{1,4}$/ }
  const kindsOf = ({ spec }: Service) =>
    (spec.clusterIPs ?? []).map(ip => Object.keys(PATTERNS).find(family => PATTERNS[family]?.test(ip)))
  /** What the API server says to a change that the allocator let pass. */
  const complaints = async (name: string, change: (spec: Record<string, unknown>) => void) => {
    const stored = store.get(keyOf(name))!
    const next = structuredClone(stored.object)
    change(next['spec'] as Record<string, unknown>)
    services.prepareForUpdate?.(next, stored.object)
    await plugin.mutate?.(request(next, stored.object))
    return [...services.validate!(next), ...services.validateUpdate!(next, stored.object)].map(
      ({ field, message }) => `${field}: ${message}`,
    )
  }

  beforeEach(() => {
    plugin[Symbol.dispose]()
    plugin = open({ clusterIPRanges: ranges })
  })

  test('a service has the primary one unless it asks for more', async () => {
    const service = await create('web')
    expect(service.spec).toMatchObject({ ipFamilyPolicy: 'SingleStack', ipFamilies: families.slice(0, 1) })
    expect(kindsOf(service)).toEqual(families.slice(0, 1))
    expect(service.spec.clusterIP).toBe(service.spec.clusterIPs?.[0])
  })

  test.each(['PreferDualStack', 'RequireDualStack'])('%s has an address of each', async ipFamilyPolicy => {
    const service = await create('web', { ipFamilyPolicy, ports })
    expect(service.spec).toMatchObject({ ipFamilyPolicy, ipFamilies: families })
    expect(kindsOf(service)).toEqual(families)
    expect(services.validate!(service as unknown as AnyObject)).toEqual([])
  })

  test('the order is the one asked for, by families or by addresses', async () => {
    const turned = families.toReversed()
    const byFamily = await create('a', { ipFamilyPolicy: 'PreferDualStack', ipFamilies: [turned[0]], ports })
    expect([byFamily.spec.ipFamilies, kindsOf(byFamily)]).toEqual([turned, turned])
    const byAddress = await create('b', {
      ipFamilyPolicy: 'RequireDualStack',
      clusterIP: 'fd00:10:96::5',
      clusterIPs: ['fd00:10:96::5'],
      ports,
    })
    expect(byAddress.spec.ipFamilies).toEqual(['IPv6', 'IPv4'])
    expect(kindsOf(byAddress)).toEqual(['IPv6', 'IPv4'])
    const single = await create('c', { ipFamilies: ['IPv6'], ports })
    expect(kindsOf(single)).toEqual(['IPv6'])
  })

  test('families and addresses beyond the two of a cluster get nothing, and are left to validation', async () => {
    const ipFamilyPolicy = 'RequireDualStack'
    const many = { ipFamilyPolicy, ipFamilies: Array<string>(1_000).fill('IPv6'), ports }
    expect((await admit(draft('families', many))).spec.clusterIPs).toBeUndefined()
    const clusterIPs = Array<string>(1_000).fill('fd00:10:96::7')
    expect((await admit(draft('addresses', { ipFamilyPolicy, clusterIPs, ports }))).spec.ipFamilies).toBeUndefined()
  })

  test('two of them need a policy that says so', async () => {
    await expect(create('web', { ipFamilies: families, ports })).rejects.toThrow(
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    )
    const both = ['10.96.0.7', 'fd00:10:96::7']
    await expect(create('web', { clusterIP: both[0], clusterIPs: both, ports })).rejects.toThrow(
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
    )
  })

  test('an address that is taken, or outside of its family\u2019s ranges, is refused', async () => {
    await create('first', { clusterIP: 'fd00:10:96::7', ports })
    await expect(create('second', { clusterIP: 'fd00:10:96::7', ports })).rejects.toThrow(
      'failed to allocate IP fd00:10:96::7: provided IP is already allocated',
    )
    await expect(create('second', { clusterIP: 'FD00:10:96:0::7', ports })).rejects.toThrow('already allocated')
    await expect(create('third', { clusterIP: 'fd00:10:97::7', ports })).rejects.toThrow(
      'the provided IP (fd00:10:97::7) is not in the valid range. The range of valid IPs is fd00:10:96::/112',
    )
  })

  test('a second address comes with the policy, goes with it, and the first one stays', async () => {
    const before = await create('web')
    const dual = await update('web', spec => (spec['ipFamilyPolicy'] = 'RequireDualStack'))
    expect(dual.spec.ipFamilies).toEqual(families)
    expect(kindsOf(dual)).toEqual(families)
    expect(dual.spec.clusterIPs?.[0]).toBe(before.spec.clusterIP)
    const back = await update('web', spec => (spec['ipFamilyPolicy'] = 'SingleStack'))
    expect(back.spec.clusterIPs).toEqual([before.spec.clusterIP])
    expect(back.spec.ipFamilies).toEqual(families.slice(0, 1))
    const again = await create('other', { clusterIP: dual.spec.clusterIPs?.[1], ports })
    expect(again.spec.clusterIPs).toEqual([dual.spec.clusterIPs?.[1]])
  })

  test('what was given once does not change', async () => {
    const { spec } = await create('web', { ipFamilyPolicy: 'RequireDualStack', ports })
    const [first = '', second = ''] = spec.clusterIPs ?? []
    expect(await complaints('web', next => (next['ports'] = [{ port: 81, protocol: 'TCP', targetPort: 81 }]))).toEqual(
      [],
    )
    expect(await complaints('web', next => (next['ipFamilies'] = families.toReversed()))).toContainEqual(
      expect.stringMatching(/^spec\.ipFamilies\[0\]: .*may not change once set$/),
    )
    const other = families[1] === 'IPv6' ? 'fd00:10:96::9' : '10.96.0.9'
    expect(await complaints('web', next => (next['clusterIPs'] = [first, other]))).toContainEqual(
      expect.stringMatching(/^spec\.clusterIPs\[1\]: .*may not change once set$/),
    )
    expect(
      await complaints('web', next => {
        next['ipFamilyPolicy'] = 'SingleStack'
        next['clusterIPs'] = [second]
        next['clusterIP'] = second
        next['ipFamilies'] = families.slice(1)
      }),
    ).toEqual([
      expect.stringMatching(/^spec\.clusterIPs\[0\]: .*may not change once set$/),
      expect.stringMatching(/^spec\.ipFamilies\[0\]: .*may not change once set$/),
    ])
  })

  test('a headless service has both without addresses', async () => {
    const spec = { clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack', selector: { a: 'b' }, ports }
    const headless = await create('headless', spec)
    expect(headless.spec).toMatchObject({ clusterIPs: ['None'], ipFamilies: families })
  })
})

test('in a single-stack cluster PreferDualStack has one family, and RequireDualStack is refused', async () => {
  const ports = [{ port: 80 }]
  const { spec } = await create('prefers', { ipFamilyPolicy: 'PreferDualStack', ports })
  expect(spec).toMatchObject({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4'], clusterIPs: [spec.clusterIP] })
  await expect(create('requires', { ipFamilyPolicy: 'RequireDualStack', ports })).rejects.toThrow(
    'this cluster is not configured for dual-stack services',
  )
  await expect(create('other', { ipFamilies: ['IPv6'], ports })).rejects.toThrow('not configured on this cluster')
  await expect(create('other', { clusterIP: 'fd00::1', ports })).rejects.toThrow(
    'IPv6 is not configured on this cluster',
  )
  // The cluster gets a second family: who preferred two of them is not changed by the way.
  plugin[Symbol.dispose]()
  plugin = open({ clusterIPRanges: ['10.96.0.0/16', 'fd00:10:96::/112'] })
  const touched = await update('prefers', next => (next['sessionAffinity'] = 'ClientIP'))
  expect(touched.spec).toMatchObject({ ipFamilies: ['IPv4'], clusterIPs: [spec.clusterIP] })
})

describe('node ports', () => {
  test('are given to each port, within the range', async () => {
    const { spec } = await create('np', {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    })
    const ports = spec.ports!.map(port => port.nodePort!)
    expect(new Set(ports).size).toBe(2)
    for (const port of ports) expect(port >= 30_000 && port <= 32_767).toBe(true)
  })

  test('are one for the same port over TCP and UDP', async () => {
    const { spec } = await create('dns', {
      type: 'NodePort',
      ports: [
        { name: 'tcp', port: 53 },
        { name: 'udp', port: 53, protocol: 'UDP' },
      ],
    })
    expect(spec.ports![0]!.nodePort).toBe(spec.ports![1]!.nodePort)
  })

  test('that are taken or out of range are refused', async () => {
    await create('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })
    await expect(create('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] })).rejects.toThrow(
      'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated',
    )
    await expect(create('c', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] })).rejects.toThrow(
      'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    )
  })

  test('are of another range where one was chosen', async () => {
    plugin[Symbol.dispose]()
    plugin = open({ nodePortRange: [8000, 8001] })
    const { spec } = await create('np', {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    })
    expect(spec.ports!.map(({ nodePort }) => nodePort).toSorted()).toEqual([8000, 8001])
    await expect(create('more', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_000 }] })).rejects.toThrow(
      'provided port is not in the valid range. The range of valid ports is 8000-8001',
    )
  })

  test('stay when an update does not mention them, and go with the type', async () => {
    const before = await create('np', { type: 'NodePort', ports: [{ port: 80 }] })
    const port = before.spec.ports![0]!.nodePort
    const kept = await update('np', spec => (spec['ports'] = [{ port: 80, targetPort: 8080 }]))
    expect(kept.spec.ports![0]!.nodePort).toBe(port)
    expect(kept.spec.clusterIP).toBe(before.spec.clusterIP)
    const plain = await update('np', spec => (spec['type'] = 'ClusterIP'))
    expect(plain.spec.ports![0]).not.toHaveProperty('nodePort')
    await create('takes-it', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] })
  })

  test('come with a health check port when a load balancer is local', async () => {
    const { spec } = await create('lb', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ports: [{ port: 80 }] })
    expect(spec.healthCheckNodePort).toBeGreaterThanOrEqual(30_000)
    expect(spec.healthCheckNodePort).not.toBe(spec.ports![0]!.nodePort)
  })

  test('are left out when a load balancer does not want them', async () => {
    const { spec } = await create('lb', {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 80 }],
    })
    expect(spec.ports![0]).not.toHaveProperty('nodePort')
  })

  test('go when a load balancer does not want them any more and names none', async () => {
    await create('lb', { type: 'LoadBalancer', ports: [{ port: 80 }] })
    const kept = await update('lb', spec => (spec['allocateLoadBalancerNodePorts'] = false))
    expect(kept.spec.ports![0]).toHaveProperty('nodePort')
    const gone = await update('lb', spec => (spec['ports'] = [{ port: 80 }]))
    expect(gone.spec.ports![0]).not.toHaveProperty('nodePort')
  })
})

test('what another server gave away meanwhile is chosen again, not refused, also where plugins were asked twice', async () => {
  const shared = new Proxy(store, {
    get(target, name) {
      if (name === 'shared') return true
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  using allocator = serviceAllocator(shared, { clock })
  const object = draft('here', { ports: [{ port: 80 }] })
  const guards: Guard[] = []
  const asked = { ...request(object), guards }
  await allocator.mutate?.(asked)
  await allocator.mutate?.(asked)
  const { clusterIP } = (object as unknown as Service).spec
  await store.create(keyOf('there'), draft('there', { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] }))
  await allocator.validate?.(asked)
  expect(guards.map(guard => guard.holds())).toEqual([false])
})

test.each([
  ['another first address', { clusterIP: '10.96.0.77', clusterIPs: ['10.96.0.78'] }, 'first value must match `clusterIP`'],
  ['addresses, and not the first of them', { clusterIPs: ['10.96.0.79'] }, 'must be empty when `clusterIP` is not specified'],
])('a service with %s is refused', async (_what, addresses, why) => {
  await expect(create('pair', { ports: [{ port: 80 }], ...addresses })).rejects.toThrow(why)
}) // prettier-ignore

test('a service that becomes a name outside has no policy for traffic inside', async () => {
  await create('leaving')
  const { spec } = await update('leaving', given => Object.assign(given, { type: 'ExternalName', externalName: 'x.example.com' })) // prettier-ignore
  expect(spec).not.toHaveProperty('internalTrafficPolicy')
  const outside = { type: 'ExternalName', externalName: 'x.example.com', internalTrafficPolicy: 'Cluster' }
  expect((await create('outside', outside)).spec).not.toHaveProperty('internalTrafficPolicy')
})

test.each([
  ['a family that there is not', { ipFamilies: ['abc'] }],
  ['a port for health checks that is none', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: -1 }],
])('%s is for validation to refuse', async (_what, spec) => {
  const object = draft('wrong', { ports: [{ port: 80 }], ...spec })
  using allocator = serviceAllocator(store, { clock })
  await allocator.mutate?.(request(object))
  expect((object as unknown as Service).spec.clusterIP ?? '').toBe('')
}) // prettier-ignore
