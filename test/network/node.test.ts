// One node: pods, Services, DNS and the API server's address, with real traffic; then removal.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Agent, eventually, type Host, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts'
import { service, slice } from './lab/objects.ts'

const CIDR = '10.244.1.0/24'
const web = (more: object = {}, status: object = {}) =>
  service(
    'web',
    {
      type: 'ClusterIP',
      clusterIP: '10.96.0.50',
      clusterIPs: ['10.96.0.50'],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
      ...more,
    },
    status,
  )

describe('a node', () => {
  let lab: Lab
  let host: Host
  let outside: Host
  let agent: Agent
  let a: Pod
  let b: Pod
  let ipA = ''
  let ipB = ''
  let before = ''
  const endpoints = () => [
    { ip: ipA, nodeName: 'node1' },
    { ip: ipB, nodeName: 'node1' },
  ]

  beforeAll(async () => {
    lab = new Lab()
    host = lab.host('node1', '192.168.77.1/24')
    outside = lab.host('outside', '192.168.77.9/24')
    before = host.picture()
    agent = await host.agent(CIDR, {
      apiServers: [
        { host: '127.0.0.1', port: 1 },
        { host: '192.168.77.9', port: 6443 },
      ],
    })
    a = await lab.pod()
    b = await lab.pod()
    ipA = await agent.setUp(a)
    ipB = await agent.setUp(b)
    await Promise.all([
      serve(a, 'A', 8080),
      serve(b, 'B', 8080),
      serve(outside, 'OUT', 9000),
      serve(outside, 'API', 6443),
    ])
    await agent.put('services', web())
    await agent.put('endpointslices', slice('web', endpoints()))
    await eventually(() => namesIn(tcp(host, '10.96.0.50', 80, 8)).length === 2)
  })
  afterAll(() => lab.end())

  it('gives pods different addresses of its range', () => {
    expect(ipA).toMatch(/^10\.244\.1\.\d+$/)
    expect(ipB).not.toBe(ipA)
  })

  it('carries traffic between pods with their own addresses', () => {
    expect(tcp(a, ipB, 8080)).toEqual([`B ${ipA}`])
    expect(udp(b, ipA, 8080)).toEqual([`A ${ipB}`])
  })

  it('reaches pods from the host, and the host from pods', async () => {
    expect(tcp(host, ipA, 8080)).toEqual(['A 10.244.1.0'])
    await serve(host, 'HOST', 7000)
    expect(tcp(a, '192.168.77.1', 7000)).toEqual([`HOST ${ipA}`])
  })

  it('spreads a cluster IP over every endpoint, from pods and from the host, with the pod as the source', () => {
    const answers = tcp(a, '10.96.0.50', 80, 30)
    expect(namesIn(answers)).toEqual(['A', 'B'])
    expect(answers).toContain(`B ${ipA}`)
    expect(namesIn(tcp(host, '10.96.0.50', 80, 30))).toEqual(['A', 'B'])
  })

  it('lets a pod reach itself through its own service', async () => {
    await agent.put('endpointslices', slice('web', [endpoints()[0]!]))
    await eventually(() => namesIn(tcp(b, '10.96.0.50', 80, 5)).join() === 'A')
    expect(tcp(a, '10.96.0.50', 80, 3)).toEqual(Array(3).fill('A 10.244.1.0'))
    await agent.put('endpointslices', slice('web', endpoints()))
    await eventually(() => namesIn(tcp(b, '10.96.0.50', 80, 10)).length === 2)
  })

  it('keeps pods and services reachable from the host when its own addresses change', async () => {
    host.run('ip', 'address', 'delete', '192.168.77.1/24', 'dev', 'eth0')
    host.run('ip', 'address', 'add', '192.168.77.31/24', 'dev', 'eth0')
    expect(tcp(host, ipA, 8080)).toEqual(['A 10.244.1.0'])
    expect(namesIn(tcp(host, '10.96.0.50', 80, 20))).toEqual(['A', 'B'])
    expect(tcp(a, '192.168.77.9', 9000)).toEqual(['OUT 192.168.77.31'])
    host.run('ip', 'address', 'delete', '192.168.77.31/24', 'dev', 'eth0')
    host.run('ip', 'address', 'add', '192.168.77.1/24', 'dev', 'eth0')
  })

  it('puts back the routes of links that someone took down and up', async () => {
    const [, link] = / dev (flo-\w+)/.exec(host.run('ip', 'route', 'show', ipA))!
    host.run('ip', 'link', 'set', link!, 'down')
    host.run('ip', 'link', 'set', link!, 'up')
    expect(host.run('ip', 'route', 'show', ipA)).toBe('')
    await eventually(() => tcp(host, ipA, 8080)[0] === 'A 10.244.1.0')
  })

  it('masquerades what leaves the cluster, and nothing else', () => {
    expect(tcp(a, '192.168.77.9', 9000)).toEqual(['OUT 192.168.77.1'])
  })

  it('passes the API server address on to the server that answers', async () => {
    await eventually(() => tcp(a, '10.96.0.1', 443)[0]?.startsWith('API'))
    expect(namesIn(tcp(host, '10.96.0.1', 443, 2))).toEqual(['API'])
  })

  it('answers the DNS names of services to pods', () => {
    expect(a.run('dig', '+short', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe('10.96.0.50')
    expect(a.run('dig', '+tcp', '+short', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe('10.96.0.50')
    expect(a.run('dig', '@10.96.0.10', 'nothing.default.svc.cluster.local')).toContain('NXDOMAIN')
  })

  it('gives the same answer when asked to set up a pod again, and finds it after a restart', async () => {
    expect(await agent.setUp(a)).toBe(ipA)
    await agent.stop()
    expect(namesIn(tcp(b, '10.96.0.50', 80, 20))).toEqual(['A', 'B'])
    agent = await host.agent(CIDR, { apiServers: [{ host: '192.168.77.9', port: 6443 }], offline: true })
    expect(await agent.call({ do: 'addressesOf', podUid: a.uid })).toEqual({ ips: [ipA] })
    expect(namesIn(tcp(b, '10.96.0.50', 80, 20))).toEqual(['A', 'B'])
    expect(a.run('dig', '+short', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe('10.96.0.50')
  })

  it('comes up after a reboot without the API server: same addresses, services and names', async () => {
    await agent.stop()
    host.run('nft', 'flush', 'ruleset')
    for (const [, link] of host.run('ip', '-o', 'link').matchAll(/\d+: (flo[^:@]+)/g))
      host.run('ip', 'link', 'delete', link!)
    a.end()
    b.end()
    agent = await host.agent(CIDR, { offline: true })
    const [again, other] = [await lab.pod(a.uid), await lab.pod(b.uid)]
    expect([await agent.setUp(other), await agent.setUp(again)]).toEqual([ipB, ipA])
    ;[a, b] = [again, other]
    await Promise.all([serve(a, 'A', 8080), serve(b, 'B', 8080)])
    expect(namesIn(tcp(a, '10.96.0.50', 80, 20))).toEqual(['A', 'B'])
    expect(a.run('dig', '+short', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe('10.96.0.50')
  })

  it('takes a pod down and can be asked to again', async () => {
    await agent.call({ do: 'tearDown', podUid: b.uid })
    await agent.call({ do: 'tearDown', podUid: b.uid })
    expect(await agent.call({ do: 'addressesOf', podUid: b.uid })).toBeUndefined()
    expect(tcp(host, ipB, 8080)[0]).toMatch(/TIMEOUT|EHOSTUNREACH|ENETUNREACH|ECONNREFUSED/)
  })

  it('leaves the host as it was', async () => {
    await agent.call({ do: 'connections' }) // counting is a setting of the host's as well
    await agent.call({ do: 'cleanUp' })
    await agent.exited
    expect(host.picture()).toBe(before)
  })
})
