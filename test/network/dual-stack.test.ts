// Both address families: two nodes on one IPv6 subnet, a third that is reached over IPv4 alone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { INGRESS_CONTROLLER } from '../../src/shared/machinery/ingress/ours.ts'
import type { ConnectionSummary } from '../../src/shared/machinery/connection-summary.ts'
import { type Agent, eventually, type Host, isDropped, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts'
import { namespace, node, podObject, policy, service, slice } from './lab/objects.ts'

const names = ['node1', 'node2', 'node3']
const cidrs = ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']
const cidrs6 = ['fd00:10:244:1::/64', 'fd00:10:244:2::/64', 'fd00:10:244:3::/64']
const nodeIPs = ['192.168.85.1', '192.168.85.2', '192.168.86.3']
const nodeIPs6 = ['fd00:85::1', 'fd00:85::2', undefined]
const RANGES = { clusterCIDR: 'fd00:10:244::/48', serviceCIDR: 'fd00:10:96::/112', clusterDNS: 'fd00:10:96::a' }
const CLUSTER_IP = 'fd00:10:96::50'
const OUTSIDE = 'fd00:85::9'

/** What Docker leaves on a host. */
const DOCKER_RULES = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A INPUT -p ipv6-icmp -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

describe('a cluster of both families', { timeout: 60_000 }, () => {
  let lab: Lab
  let outside: Host
  const hosts: Host[] = []
  const agents: Agent[] = []
  const pods: Pod[] = []
  const ips: string[] = []
  const ips6: string[] = []
  const before: string[] = []

  const toNodes = (index: number) => {
    const { spec, status, ...rest } = node(names[index]!, nodeIPs[index]!, cidrs[index]!)
    const address = nodeIPs6[index]
    return {
      ...rest,
      spec: { ...spec, podCIDRs: [cidrs[index]!, cidrs6[index]!] },
      status: { addresses: [...status.addresses, ...(address ? [{ type: 'InternalIP', address }] : [])] },
    }
  }
  const network = (index: number) => ({
    ipv6: { ...RANGES, podCIDR: cidrs6[index]! },
    identity: {
      nodeName: names[index]!,
      nodeIP: nodeIPs[index]!,
      ...(nodeIPs6[index] && { nodeIPv6: nodeIPs6[index] }),
      clusterDNS: '10.96.0.10',
      clusterDomain: 'cluster.local',
    },
  })
  const slice6 = (name: string, endpoints: { ip: string; nodeName: string }[], ports?: object[]) => ({
    ...slice(name, endpoints, ports, 'six'),
    addressType: 'IPv6',
  })
  const everywhere = (plural: string, object: unknown) => Promise.all(agents.map(agent => agent.put(plural, object)))
  const addressesOf = async (index: number, pod: Pod) =>
    ((await agents[index]!.call({ do: 'addressesOf', podUid: pod.uid })) as { ips: string[] }).ips

  /** With a link-local address, from which a host looks for its neighbours. */
  const giveIPv6 = (host: Host, address: string) => {
    for (const each of [address, address.replace('fd00:85::', 'fe80::85:')])
      host.run('ip', 'address', 'add', `${each}/64`, 'dev', 'eth0', 'nodad')
  }

  beforeAll(async () => {
    lab = new Lab()
    const router = lab.host('router', '192.168.85.254/24')
    router.run('ip', 'address', 'add', '192.168.86.254/24', 'dev', 'eth0')
    router.run(
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects',
    )
    outside = lab.host('outside', '192.168.85.9/24')
    giveIPv6(outside, OUTSIDE)
    for (const [i, name] of names.entries()) {
      const host = lab.host(name, `${nodeIPs[i]!}/24`)
      hosts.push(host)
      if (nodeIPs6[i]) giveIPv6(host, nodeIPs6[i])
      host.run('ip', 'route', 'add', 'default', 'via', i === 2 ? '192.168.86.254' : '192.168.85.254')
    }
    hosts[1]!.run('sh', '-c', 'printf %s "$1" | ip6tables-nft-restore', 'sh', DOCKER_RULES)
    for (const host of hosts) before.push(host.picture())
    agents.push(...(await Promise.all(hosts.map((host, i) => host.agent(cidrs[i]!, {}, network(i))))))
    for (const index of names.keys()) await everywhere('nodes', toNodes(index))
    for (const [i, agent] of agents.entries()) {
      const pod = await lab.pod()
      pods.push(pod)
      ips.push(await agent.setUp(pod))
      ips6.push((await addressesOf(i, pod))[1]!)
    }
    await Promise.all(pods.map((pod, i) => serve(pod, name(i), 8080)))
    const ports = ['TCP', 'UDP'].map(protocol => ({ name: protocol, port: 80, protocol, nodePort: 30_080 }))
    const spec = { type: 'NodePort', clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', CLUSTER_IP], ports }
    const to = ports.map(({ name, protocol }) => ({ name, protocol, port: 8080 }))
    const endpoints = (all: string[]) => all.map((ip, i) => ({ ip, nodeName: names[i]! }))
    await everywhere('services', service('web', spec))
    await everywhere('endpointslices', slice('web', endpoints(ips), to))
    await everywhere('endpointslices', slice6('web', endpoints(ips6), to))
    for (const from of pods) await eventually(() => namesIn(tcp(from, CLUSTER_IP, 80, 20)).length === 3, 30_000)
  }, 180_000)
  afterAll(() => lab.end())
  const name = (index: number) => names[index]!

  it('gives each pod an address of both ranges, as far into the one as into the other', () => {
    for (const [i, ip] of ips.entries())
      expect(ips6[i]).toBe(`fd00:10:244:${i + 1}::${Number(ip.split('.')[3]).toString(16)}`)
  })

  it('carries IPv6 between pods, each seen with its own address: directly on one subnet, else in the tunnel', async () => {
    const routes = hosts[0]!.run('ip', '-6', 'route')
    expect(routes).toContain('fd00:10:244:2::/64 via fd00:85::2 dev eth0')
    expect(routes).toContain('fd00:10:244:3::/64 via fe80::f1:c0a8:5603 dev flovx')
    for (const [i, j] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      await eventually(() => expect(tcp(pods[i]!, ips6[j]!, 8080)).toEqual([`${name(j)} ${ips6[i]!}`]) ?? true)
      expect(udp(pods[i]!, ips6[j]!, 8080)).toEqual([`${name(j)} ${ips6[i]!}`])
    }
    const other = await lab.pod()
    await agents[0]!.setUp(other)
    expect(tcp(other, ips6[0]!, 8080)).toEqual([`node1 ${(await addressesOf(0, other))[1]!}`])
    expect(tcp(pods[0]!, ips[1]!, 8080)).toEqual([`node2 ${ips[0]!}`])
  })

  it('spreads a Service over every node at its IPv6 address and node ports, over TCP and UDP', () => {
    for (const from of [pods[0]!, pods[2]!, hosts[1]!]) {
      expect(namesIn(tcp(from, CLUSTER_IP, 80, 30))).toEqual(names)
      expect(names).toContain(namesIn(udp(from, CLUSTER_IP, 80)).join())
    }
    expect(namesIn(tcp(outside, nodeIPs6[0]!, 30_080, 30))).toEqual(names)
    expect(namesIn(tcp(pods[2]!, CLUSTER_IP, 81))[0]).toMatch(/ECONNREFUSED/)
    expect(namesIn(tcp(hosts[0]!, '127.0.0.1', 30_080, 30))).toEqual(names)
    expect(namesIn(tcp(hosts[0]!, '::1', 30_080))[0]).toMatch(/ECONNREFUSED/)
  })

  it('lets a pod reach itself through its Service, and masquerades what leaves the cluster', async () => {
    await everywhere('services', service('own', { clusterIP: 'fd00:10:96::51', clusterIPs: ['fd00:10:96::51'], ports: [{ port: 80 }] })) // prettier-ignore
    await everywhere('endpointslices', slice6('own', [{ ip: ips6[0]!, nodeName: 'node1' }]))
    await eventually(() => tcp(pods[0]!, 'fd00:10:96::51', 80)[0] === 'node1 fd00:10:244:1::')
    await serve(outside, 'OUT', 9000)
    expect(tcp(pods[0]!, OUTSIDE, 9000)).toEqual(['OUT fd00:85::1'])
  })

  it('opens host ports in both families', async () => {
    const ports = [{ protocol: 'TCP' as const, hostPort: 8888, containerPort: 8080 }]
    await agents[0]!.call({ do: 'hostPorts', podUid: pods[0]!.uid, podIPs: [ips[0]!, ips6[0]!], ports })
    expect(tcp(outside, nodeIPs6[0]!, 8888)).toEqual([`node1 ${OUTSIDE}`])
    expect(tcp(outside, nodeIPs[0]!, 8888)).toEqual(['node1 192.168.85.9'])
    expect(namesIn(tcp(hosts[0]!, '127.0.0.1', 8888))).toEqual(['node1'])
    expect(namesIn(tcp(hosts[0]!, '::1', 8888))[0]).toMatch(/ECONNREFUSED/)
  })

  it('answers at external and load balancer addresses, keeps a client at its endpoint, and refuses other sources', async () => {
    outside.run('ip', 'route', 'add', '2001:db8:7::/64', 'via', nodeIPs6[0]!)
    const balanced = (sources: string) =>
      service(
        'balanced',
        {
          type: 'LoadBalancer',
          clusterIP: 'fd00:10:96::60',
          clusterIPs: ['fd00:10:96::60'],
          externalIPs: ['2001:db8:7::1'],
          sessionAffinity: 'ClientIP',
          loadBalancerSourceRanges: [sources],
          ports: [{ port: 80, protocol: 'TCP' }],
        },
        { ingress: [{ ip: '2001:db8:7::2' }] },
      )
    await everywhere('services', balanced(`${OUTSIDE}/128`))
    await everywhere('endpointslices', slice6('balanced', ips6.map((ip, i) => ({ ip, nodeName: name(i) })))) // prettier-ignore
    await eventually(() => names.includes(namesIn(tcp(outside, '2001:db8:7::2', 80)).join()))
    const kept = namesIn(tcp(outside, '2001:db8:7::2', 80, 12))
    expect(kept).toHaveLength(1)
    expect(namesIn(tcp(outside, '2001:db8:7::1', 80, 12))).toEqual(kept)
    await everywhere('services', balanced('fd00:99::/64'))
    await eventually(() => isDropped(outside, '2001:db8:7::2', 80))
    expect(namesIn(tcp(pods[0]!, 'fd00:10:96::60', 80, 12))).toHaveLength(1)
  })

  it('serves Ingresses over IPv6, also of Services that have nothing else', async () => {
    const script =
      "require('http').createServer((q, r) => r.end(q.headers['x-forwarded-for'])).listen(8082, '::', () => console.log('up'))"
    const server = pods[1]!.spawn(process.execPath, '-e', script)
    await new Promise(resolve => server.stdout!.once('data', resolve))
    const metadata = { name: 'six', uid: 'uid-six', creationTimestamp: '2026-01-01T00:00:00Z' }
    const backend = { service: { name: 'six', port: { number: 80 } } }
    await everywhere('services', service('six', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] }))
    await everywhere('endpointslices', slice6('six', [{ ip: ips6[1]!, nodeName: 'node2' }], [{ name: '', port: 8082, protocol: 'TCP' }])) // prettier-ignore
    await agents[0]!.put('ingressclasses', { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata, spec: { controller: INGRESS_CONTROLLER } }) // prettier-ignore
    await agents[0]!.put('ingresses', { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { ...metadata, namespace: 'default' }, spec: { ingressClassName: 'six', defaultBackend: backend }, status: {} }) // prettier-ignore
    const curl = () => outside.run('sh', '-c', 'curl -gs -m 5 "$@" || true', 'curl', `http://[${nodeIPs6[0]!}]/`)
    await eventually(() => curl() === OUTSIDE)
    await agents[0]!.remove('ingressclasses', { metadata })
  })

  it('answers DNS in IPv6 and of IPv6 addresses', () => {
    const dig = (...args: string[]) => pods[1]!.run('dig', '+short', '+time=1', `@${RANGES.clusterDNS}`, ...args).trim()
    expect(dig('AAAA', 'web.default.svc.cluster.local')).toBe(CLUSTER_IP)
    expect(dig('+tcp', 'A', 'web.default.svc.cluster.local')).toBe('10.96.0.50')
    expect(dig('-x', CLUSTER_IP)).toBe('web.default.svc.cluster.local.')
  })

  it('isolates a pod in both families', async () => {
    const object = (index: number) => ({
      ...podObject({ uid: pods[index]!.uid, ns: 'default', name: name(index), nodeName: name(index) }),
      status: { phase: 'Running', podIPs: [{ ip: ips[index]! }, { ip: ips6[index]! }] },
    })
    await everywhere('namespaces', namespace('default'))
    for (const index of names.keys()) await everywhere('pods', object(index))
    const spec = {
      podSelector: { matchLabels: { pod: 'node1' } },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: { matchLabels: { pod: 'node2' } } }] },
        { from: [{ ipBlock: { cidr: 'fd00:10:244:3::/64', except: [`${ips6[2]!}/128`] } }] },
      ],
    }
    await everywhere('networkpolicies', policy('default', 'only-two', spec))
    await eventually(() => isDropped(pods[2]!, ips6[0]!, 8080))
    expect(isDropped(pods[2]!, ips[0]!, 8080)).toBe(true)
    for (const ip of [ips[0]!, ips6[0]!]) expect(namesIn(tcp(pods[1]!, ip, 8080))).toEqual(['node1'])
    const allowed = await lab.pod()
    await agents[2]!.setUp(allowed)
    expect(namesIn(tcp(allowed, ips6[0]!, 8080))).toEqual(['node1'])
    expect(isDropped(allowed, ips[0]!, 8080)).toBe(true)
    expect(names).toContain(namesIn(tcp(pods[0]!, CLUSTER_IP, 80)).join())
    const { edges, denied } = (await agents[0]!.call({ do: 'connections' })) as ConnectionSummary
    expect(denied.map(({ from, to }) => [from.ip, to.ip])).toContainEqual([ips6[2], ips6[0]])
    expect(denied.map(({ from, to }) => [from.ip, to.ip])).toContainEqual([ips[2], ips[0]])
    expect(edges).toContainEqual(expect.objectContaining({ from: { kind: 'pod', ip: ips6[0], namespace: 'default', name: 'node1' }, service: 'default/web' })) // prettier-ignore
    for (const agent of agents) await agent.remove('networkpolicies', policy('default', 'only-two', spec))
    await eventually(() => tcp(pods[2]!, ips6[0]!, 8080)[0]?.startsWith('node1'))
  })

  it('puts back what a link lost that someone took down and up', async () => {
    const [, link] = / dev (flo-\w+)/.exec(hosts[0]!.run('ip', 'route', 'show', ips[0]!))!
    hosts[0]!.run('ip', 'link', 'set', link!, 'down')
    hosts[0]!.run('ip', 'link', 'set', link!, 'up')
    await eventually(() => tcp(hosts[0]!, ips6[0]!, 8080)[0] === 'node1 fd00:10:244:1::')
  })

  it('has the host go on listening to routers although it forwards', () => {
    const settings = ['all/forwarding', 'eth0/accept_ra'].map(name => `/proc/sys/net/ipv6/conf/${name}`)
    expect(hosts[0]!.run('cat', ...settings)).toBe('1\n2\n')
  })

  it('keeps addresses and rules over a restart of the agent', async () => {
    await agents[0]!.stop()
    agents[0] = await hosts[0]!.agent(cidrs[0]!, { offline: true }, network(0))
    expect(await addressesOf(0, pods[0]!)).toEqual([ips[0], ips6[0]])
    expect(namesIn(tcp(pods[0]!, CLUSTER_IP, 80, 30))).toEqual(names)
  })

  it('leaves hosts as they were', async () => {
    for (const [i, agent] of agents.entries()) {
      await agent.call({ do: 'cleanUp' })
      await agent.exited
      expect(hosts[i]!.picture()).toBe(before[i])
    }
  })

  it('goes on with IPv4 and says why where the host has no IPv6', async () => {
    const host = lab.host('plain', '192.168.85.7/24')
    host.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6')
    const agent = await host.agent('10.244.7.0/24', {}, { ipv6: { ...RANGES, podCIDR: 'fd00:10:244:7::/64' } })
    const [a, b] = [await lab.pod(), await lab.pod()]
    const [ip] = [await agent.setUp(a), await agent.setUp(b)]
    expect(await agent.call({ do: 'addressesOf', podUid: a.uid })).toEqual({ ips: [ip] })
    await serve(a, 'A', 8080)
    expect(namesIn(tcp(b, ip, 8080))).toEqual(['A'])
    expect(await agent.call({ do: 'ipv6Problem' })).toBe(
      'IPv6 is switched off on this host (net.ipv6.conf.all.disable_ipv6 = 1)',
    )
    expect(host.run('nft', 'list', 'tables')).toBe('table ip flotilla\n')
  })
})
