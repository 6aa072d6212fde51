// The parts that decide without touching the host: addresses, endpoints, rules and the difference between them.
import { IPV4, IPV6 } from '../../src/agent/network/family.ts'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Service } from '../../src/shared/api/core/v1.ts'
import type { EndpointSlice } from '../../src/shared/api/discovery/v1.ts'
import { AddressPool } from '../../src/agent/network/address-pool.ts'
import { ClusterView } from '../../src/agent/network/cluster-view.ts'
import { findPodCIDR6 } from '../../src/agent/network/pod-cidr.ts'
import { contains, formatCidr, formatIPv4, parseCidr, parseIPv4, requireCidr } from '../../src/shared/machinery/ipv4.ts'
import type { Run } from '../../src/agent/network/exec.ts'
import { readState, writeState } from '../../src/agent/network/state-file.ts'
import { PlainRoutes, planPeers } from '../../src/agent/network/node-routes.ts'
import { guessNodeIPv6, lastingIPv6 } from '../../src/agent/kubelet/node/machine.ts'
import { chooseEndpoints } from '../../src/agent/proxy/choose-endpoints.ts'
import { cutOffNodes } from '../../src/agent/proxy/cut-off-nodes.ts'
import { noRules, type Rules, rulesOf } from '../../src/agent/proxy/rules.ts'
import { type ServiceEndpoint, servicePortsOf } from '../../src/agent/proxy/service-port.ts'
import { RuleTable } from '../../src/agent/proxy/table.ts'
import { node, service, slice } from './lab/objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'flotilla-rules-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('IPv4', () => {
  it('reads and writes addresses and prefixes', () => {
    expect(formatIPv4(parseIPv4('203.0.113.255')!)).toBe('203.0.113.255')
    expect(formatCidr(parseCidr('10.244.7.9/16')!)).toBe('10.244.0.0/16')
    expect(formatCidr(parseCidr('255.255.255.255')!)).toBe('255.255.255.255/32')
    expect(contains(requireCidr('0.0.0.0/0'), parseIPv4('255.1.2.3')!)).toBe(true)
    expect(contains(requireCidr('10.244.1.0/24'), parseIPv4('10.244.2.0')!)).toBe(false)
  })
  it.each([
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    '1.2.3.4/33',
    '1.2.3.4/',
    'a.b.c.d',
    '1.2.3.4; drop',
    '::1',
  ])('takes %j for no prefix', text => expect(parseCidr(text)).toBeUndefined())
})

describe('node ports of nodes that only the relay reaches', () => {
  const peers = [
    { nodeName: 'a', nodeIP: '192.0.2.1', podCIDR: '10.244.1.0/24', ipv6: { podCIDR: 'fd00::/64', nodeIP: '2001:db8::1' } },
    { nodeName: 'b', nodeIP: '198.51.100.2', podCIDR: '10.244.2.0/24' },
  ] // prettier-ignore
  const keys = (chosen?: string[]) =>
    [IPV4, IPV6].map(family => cutOffNodes(family, peers, chosen).elements.map(({ key }) => key))

  it.each([
    [undefined, [['192.0.2.1', '198.51.100.2'], ['2001:db8::1']]],
    [['primary'], [['192.0.2.1', '198.51.100.2'], ['2001:db8::1']]],
    [['192.0.2.0/24'], [['192.0.2.1'], []]],
    [
      ['127.0.0.0/8', '2001:db8::/32'],
      [[], ['2001:db8::1']],
    ],
  ])('are led to the pods from here, where addresses answer for them: %j', (chosen, expected) => {
    expect(keys(chosen)).toEqual(expected)
  })
})

describe("the node's IPv6 address", () => {
  it('is one that the interface keeps: no temporary, deprecated or link-local one', () => {
    const table = `20010db8000000000000000000000007 02 40 00 01     eth0
20010db8000000000000000000000008 02 40 00 20     eth0
fe80000000000000d87b61fffe170c0b 02 40 20 80     eth0
fd000000000000000000000000000009 03 40 00 80     eth1
00000000000000000000000000000001 01 80 10 80       lo
20010db800000000021122fffe334455 02 40 00 00     eth0
`
    expect(lastingIPv6(table, 'eth0')).toEqual(['2001:db8::211:22ff:fe33:4455'])
    expect(lastingIPv6(table, undefined)).toEqual([])
    expect(guessNodeIPv6('203.0.113.77')).toBeUndefined()
  })
})

describe('findPodCIDR6()', () => {
  it('remembers the range, as the agent may start again before it knows of its node', () => {
    const path = join(folder, 'pod-cidr-6.json')
    const [view, later] = [new ClusterView(), new ClusterView()]
    const own = node('node1', '192.0.2.1', '10.244.1.0/24')
    const of = (each: ClusterView) => findPodCIDR6({ path, view: each, nodeName: 'node1' })
    view.putNode({ ...own, spec: { podCIDRs: ['10.244.1.0/24', 'FD00:10:244:1::/64'] } })
    expect(of(later)).toBeUndefined()
    expect(of(view)).toBe('fd00:10:244:1::/64')
    expect(of(later)).toBe('fd00:10:244:1::/64')
    later.putNode(own)
    expect(of(later)).toBeUndefined()
  })
})

describe('the address pool', () => {
  it('gives each pod one address, keeps it over a restart, and hides its file from others', async () => {
    const path = join(folder, 'a.json')
    const pool = new AddressPool(path, requireCidr('10.0.0.0/29'))
    expect(pool.allocate('x')).toBe('10.0.0.1')
    expect(pool.allocate('__proto__')).toBe('10.0.0.2')
    expect(pool.allocate('x')).toBe('10.0.0.1')
    await pool.saved()
    const next = new AddressPool(path, requireCidr('10.0.0.0/29'))
    expect([next.get('x'), next.get('__proto__')]).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    next.release('x')
    await Promise.all([next.saved(), next.saved()])
    expect(new AddressPool(path, requireCidr('10.0.0.0/29')).pods()).toEqual(['__proto__'])
  })
  it('goes round before it uses an address again, and says when there is none', () => {
    const pool = new AddressPool(join(folder, 'b.json'), requireCidr('10.0.0.0/29'))
    pool.allocate('p1')
    pool.release('p1')
    expect(pool.allocate('p2')).toBe('10.0.0.2')
    for (const pod of ['p3', 'p4', 'p5', 'p6', 'p7']) pool.allocate(pod)
    expect(pool.isFull).toBe(true)
    expect(() => pool.allocate('p8')).toThrow('all 6')
    pool.release('p4')
    expect(pool.allocate('p8')).toBe('10.0.0.4')
  })
  it('drops assignments of another range', async () => {
    const path = join(folder, 'c.json')
    const pool = new AddressPool(path, requireCidr('10.0.0.0/29'))
    pool.allocate('x')
    await pool.saved()
    expect(new AddressPool(path, requireCidr('10.0.0.0/29')).get('x')).toBe('10.0.0.1')
    expect(new AddressPool(path, requireCidr('10.9.0.0/29')).get('x')).toBeUndefined()
  })
})

describe('chooseEndpoints()', () => {
  const endpoint = (ip: string, more: Partial<ServiceEndpoint> = {}): ServiceEndpoint => ({
    ip,
    port: 80,
    local: false,
    ready: true,
    serving: true,
    terminating: false,
    ...more,
  })
  const choose = (endpoints: ServiceEndpoint[], zone?: string) => {
    const { cluster, local } = chooseEndpoints({ endpoints }, { nodeName: 'n1', zone })
    return { cluster: cluster.map(e => e.ip), local: local.map(e => e.ip) }
  }
  it('takes ready ones, and terminating ones that serve only when there is no ready one, also per node', () => {
    const leaving = endpoint('b', { ready: false, terminating: true, local: true })
    expect(choose([endpoint('a'), leaving])).toEqual({ cluster: ['a'], local: ['b'] })
    expect(choose([leaving, endpoint('c', { ready: false, serving: false, terminating: true })]).cluster).toEqual(['b'])
    expect(choose([endpoint('d', { ready: false, serving: true })]).cluster).toEqual([])
  })
  it('follows zone hints only when every endpoint has one and one is for here', () => {
    const hinted = [endpoint('a', { forZones: ['z1'] }), endpoint('b', { forZones: ['z2'] })]
    expect(choose(hinted, 'z1').cluster).toEqual(['a'])
    expect(choose(hinted, 'z3').cluster).toEqual(['a', 'b'])
    expect(choose(hinted).cluster).toEqual(['a', 'b'])
    expect(choose([...hinted, endpoint('c')], 'z1').cluster).toEqual(['a', 'b', 'c'])
  })
  it('prefers node hints to zone hints', () => {
    const hinted = [
      endpoint('a', { forZones: ['z1'], forNodes: ['n2'] }),
      endpoint('b', { forZones: ['z1'], forNodes: ['n1'] }),
    ]
    expect(choose(hinted, 'z1').cluster).toEqual(['b'])
  })
})

describe('servicePortsOf()', () => {
  const context = { family: IPV4, nodeName: 'n1', ownAddresses: new Set(['10.96.0.1']) }
  const ports = (spec: object, ...slices: unknown[]) =>
    servicePortsOf(service('web', spec) as unknown as Service, slices as EndpointSlice[], context)
  const base = { clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80 }] }

  it('takes addresses and endpoints of its own family, each address in the one text that stands for it', () => {
    const spec = {
      ...base,
      clusterIPs: ['10.96.0.9', 'fd00::9'],
      externalIPs: ['FD00:0::7', '192.0.2.7', 'fe80::1%eth0'],
    }
    const ports = [{ name: 'http', port: 8080 }]
    const slices = [slice('web', [{ ip: '10.244.1.1' }], ports), { ...slice('web', [{ ip: 'fd00::1:1' }], ports), addressType: 'IPv6' }] // prettier-ignore
    const shown = [IPV4, IPV6].map(family =>
      servicePortsOf(service('web', spec) as unknown as Service, slices as unknown as EndpointSlice[], {
        ...context,
        family,
      }).map(({ clusterIPs, externalIPs, endpoints }) => [clusterIPs, externalIPs, endpoints.map(({ ip }) => ip)]),
    )
    expect(shown).toEqual([
      [[['10.96.0.9'], ['192.0.2.7'], ['10.244.1.1']]],
      [[['fd00::9'], ['fd00::7'], ['fd00::1:1']]],
    ])
  })

  it('leaves out headless, external and node-local services, and those of other proxies', () => {
    expect(ports({ ...base, clusterIP: 'None' })).toEqual([])
    expect(ports({ ...base, type: 'ExternalName' })).toEqual([])
    expect(ports({ ...base, clusterIP: '10.96.0.1' })).toEqual([])
    const foreign = service('web', base)
    Object.assign(foreign.metadata, { labels: { 'service.kubernetes.io/service-proxy-name': 'x' } })
    expect(servicePortsOf(foreign as unknown as Service, [], context)).toEqual([])
  })
  it('leaves out slices that say that they are headless, or another proxy’s', () => {
    const labelled = (label: string) => {
      const own = slice('web', [{ ip: '10.244.1.1' }], [{ name: 'http', port: 8080, protocol: 'TCP' }])
      Object.assign(own.metadata.labels, { [label]: '' })
      return own
    }
    const addresses = (label: string) => ports(base, labelled(label))[0]!.endpoints.map(({ ip }) => ip)
    expect(addresses('example.com/any')).toEqual(['10.244.1.1'])
    expect(addresses('service.kubernetes.io/headless')).toEqual([])
    expect(addresses('service.kubernetes.io/service-proxy-name')).toEqual([])
  })
  it('matches slices by port name, and merges an endpoint that is in two of them', () => {
    const named = [{ name: 'http', port: 8080, protocol: 'TCP' }]
    const [port] = ports(
      base,
      slice('web', [{ ip: '10.244.1.1', ready: false }], named, 'a'),
      slice('web', [{ ip: '10.244.1.1' }, { ip: '10.244.1.2', nodeName: 'n1' }], named, 'b'),
      slice('web', [{ ip: '10.244.1.3' }], [{ name: 'other', port: 1, protocol: 'TCP' }], 'c'),
    )
    expect(port!.endpoints.map(({ ip, ready, local }) => [ip, ready, local])).toEqual([
      ['10.244.1.1', true, false],
      ['10.244.1.2', true, true],
    ])
  })
  it('lets nothing but addresses and ranges into rules', () => {
    const [port] = ports({
      ...base,
      type: 'LoadBalancer',
      externalIPs: ['1.2.3.4', '1.2.3.4 accept; flush ruleset'],
      loadBalancerSourceRanges: [' 10.0.0.0/8 ', '0.0.0.0/0 }'],
      ports: [{ name: 'a b;}\n', port: 80 }],
    })
    expect(port!.externalIPs).toEqual(['1.2.3.4'])
    expect(port!.sourceRanges).toEqual(['10.0.0.0/8'])
    expect(port!.id).toBe('default/web/tcp/a-b---')
  })
})

describe('the rule table', () => {
  const rules = (chain: string, rule: string, elements: Rules['elements']): Rules => ({
    chains: new Map([[chain, [rule]]]),
    sets: new Map(),
    elements,
  })
  const element = (key: string, value: string) => ({ set: 'services' as const, key, value })

  it('writes only what changed', () => {
    const table = new RuleTable(IPV4)
    table.put('a', rules('ca', 'accept', [element('1', 'goto ca')]))
    table.put('b', rules('cb', 'accept', [element('2', 'goto cb')]))
    table.takeAll()
    table.put('a', rules('ca', 'drop', [element('1', 'goto ca')]))
    expect(table.takeChanges()).toBe('flush chain ip flotilla ca\nadd rule ip flotilla ca drop\n')
    expect(table.takeChanges()).toBe('')
  })
  it('takes elements out before the chains that they point at', () => {
    const table = new RuleTable(IPV4)
    table.put('a', rules('ca', 'accept', [element('1', 'goto ca')]))
    table.takeAll()
    table.put('a', noRules)
    expect(table.takeChanges().split('\n')).toEqual([
      'delete element ip flotilla services { 1 }',
      'flush chain ip flotilla ca',
      'delete chain ip flotilla ca',
      '',
    ])
  })
  it('leaves an element that two owners claim with the first until that one lets go', () => {
    const table = new RuleTable(IPV4)
    table.put('a', rules('ca', 'accept', [element('1', 'goto ca')]))
    table.put('b', rules('cb', 'accept', [element('1', 'goto cb')]))
    expect(table.takeAll()).toContain('add element ip flotilla services { 1 : goto ca }')
    table.put('a', noRules)
    expect(table.takeChanges()).toContain(
      'delete element ip flotilla services { 1 }\nadd element ip flotilla services { 1 : goto cb }',
    )
  })
  it('says nothing about what came and went between two transactions', () => {
    const table = new RuleTable(IPV4)
    table.takeAll()
    table.put('a', rules('ca', 'accept', [element('1', 'goto ca')]))
    table.put('a', noRules)
    expect(table.takeChanges()).toBe('')
  })
  it('changes nothing but elements for a Service that is reached by its cluster IP alone', () => {
    const context = { family: IPV4, nodeName: 'n1', ownAddresses: new Set<string>(), clusterCIDR: '10.244.0.0/16' }
    const web = service('web', { clusterIP: '10.96.0.9', ports: [{ port: 80, protocol: 'TCP' }] })
    const rulesFor = (count: number) => {
      const endpoints = slice(
        'web',
        Array.from({ length: count }, (_, i) => ({ ip: `10.244.1.${i + 1}` })),
      )
      return rulesOf(
        servicePortsOf(web as unknown as Service, [endpoints as unknown as EndpointSlice], context),
        context,
      )
    }
    const table = new RuleTable(IPV4)
    table.put('web', rulesFor(1))
    table.takeAll()
    table.put('web', rulesFor(2))
    expect(table.takeChanges().split('\n')).toEqual([
      'delete element ip flotilla services { 10.96.0.9 . tcp . 80 }',
      'add element ip flotilla services { 10.96.0.9 . tcp . 80 : goto balance-2 }',
      'add element ip flotilla endpoints { 10.96.0.9 . tcp . 80 . 1 : 10.244.1.2 . 8080 }',
      '',
    ])
    table.put('web', rulesFor(0))
    expect(table.takeChanges()).toBe(
      'delete element ip flotilla services { 10.96.0.9 . tcp . 80 }\n' +
        'delete element ip flotilla endpoints { 10.96.0.9 . tcp . 80 . 0, 10.96.0.9 . tcp . 80 . 1 }\n' +
        'add element ip flotilla unserved { 10.96.0.9 . tcp . 80 : goto refuse }\n',
    )
    expect([16, 17].map(count => rulesFor(count).chains.size)).toEqual([0, 1])
  })
  it('keeps chain names within what nft allows', () => {
    const long = service(
      'n'.repeat(63),
      { clusterIP: '10.96.0.9', sessionAffinity: 'ClientIP', ports: [{ name: 'p'.repeat(15), port: 80 }] },
      {},
      's'.repeat(63),
    )
    const endpoints = slice(
      'n'.repeat(63),
      [{ ip: '10.244.1.1' }],
      [{ name: 'p'.repeat(15), port: 80, protocol: 'TCP' }],
    )
    const ports = servicePortsOf(long as unknown as Service, [endpoints as unknown as EndpointSlice], {
      family: IPV4,
      nodeName: 'n1',
      ownAddresses: new Set(),
    })
    const names = [...rulesOf(ports, { family: IPV4, nodeName: 'n1', clusterCIDR: '10.244.0.0/16' }).chains.keys()]
    expect(names).toHaveLength(2)
    for (const name of names) expect(name.length).toBeLessThan(128)
  })
})

describe('writeState()', () => {
  it('makes the folder where a node that still waits for its range has none, for root alone', async () => {
    const path = join(folder, 'not', 'yet', 'cluster.json')
    await writeState(path, '{"a":1}')
    expect(readState(path)).toEqual({ a: 1 })
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'not', 'yet')).mode & 0o777]).toEqual([0o600, 0o700])
  })
})

describe('planPeers()', () => {
  it('routes directly within the subnet of the node address only', () => {
    const addresses = [{ ifname: 'eth0', addr_info: [{ local: '192.0.2.5', prefixlen: 25, family: 'inet' }] }]
    const peers = ['192.0.2.100', '192.0.2.200'].map((nodeIP, i) => ({
      nodeName: `n${i}`,
      nodeIP,
      podCIDR: `10.244.${i}.0/24`,
    }))
    const plan = planPeers(peers, '192.0.2.5', addresses)
    expect([plan.direct.map(p => p.nodeIP), plan.tunnelled.map(p => p.nodeIP)]).toEqual([
      ['192.0.2.100'],
      ['192.0.2.200'],
    ])
  })
})

describe('PlainRoutes', () => {
  const peer = {
    nodeName: 'node2',
    nodeIP: '192.0.2.2',
    podCIDR: '10.244.2.0/24',
    ipv6: { podCIDR: 'fd00:10:244:2::/64', nodeIP: '2001:db8::2' },
  }
  /** @returns the commands by which a host with these IPv6 routes gets those to the peer's pods */
  async function routesOn(routes6: object[]): Promise<string> {
    const written: string[] = []
    const run: Run = (argv, { input } = {}) => {
      if (input !== undefined) written.push(input)
      const [, , family, what] = argv
      if (what === 'route') return Promise.resolve(family === '-6' ? JSON.stringify(routes6) : '')
      if (what !== 'address') return Promise.resolve('')
      const own =
        family === '-6'
          ? { local: '2001:db8::1', prefixlen: 64, family: 'inet6' }
          : { local: '192.0.2.1', prefixlen: 24, family: 'inet' }
      return Promise.resolve(JSON.stringify([{ ifname: 'eth0', addr_info: [own] }]))
    }
    const ipv6 = { hostIP: 'fd00:10:244:1::', nodeIP: '2001:db8::1' }
    const routes = new PlainRoutes({ run, nodeIP: '192.0.2.1', hostIP: '10.244.1.0', ipv6, yields: () => false })
    await routes.apply([peer], new Set())
    return written.join('')
  }
  const toRouter = { dst: 'default', dev: 'eth0', gateway: 'fe80::9' }

  it('sends IPv6 to a neighbour directly', async () => {
    const written = await routesOn([{ dst: '2001:db8::/64', dev: 'eth0' }, toRouter])
    expect(written).toContain('route replace fd00:10:244:2::/64 via 2001:db8::2 src')
    expect(written).not.toContain('flovx')
  })
  it('sends IPv6 through the tunnel where the prefix of the address is not on the link', async () => {
    const written = await routesOn([toRouter])
    expect(written).toContain('route replace fd00:10:244:2::/64 via fe80::f1:c000:202 dev flovx src')
    expect(written).toContain('route replace 10.244.2.0/24 via 192.0.2.2 src')
  })
})
