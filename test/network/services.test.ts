// What kube-proxy promises, one behaviour a test, with real traffic to one node from inside and outside.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Agent, eventually, type Host, isDropped, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts'
import { node, service, slice, type TestEndpoint } from './lab/objects.ts'

const NODE_IP = '192.168.78.1'
const CLUSTER_IP = '10.96.7.7'

describe('a service', () => {
  let lab: Lab
  let host: Host
  let outside: Host
  let agent: Agent
  let a: Pod
  let b: Pod
  let client: Pod
  let here: TestEndpoint[] = []
  /** An endpoint on a node that does not exist: nobody answers there. */
  const elsewhere: TestEndpoint = { ip: '10.244.9.9', nodeName: 'node9' }
  let name = ''
  let count = 0

  beforeAll(async () => {
    lab = new Lab()
    host = lab.host('node1', `${NODE_IP}/24`)
    outside = lab.host('outside', '192.168.78.9/24')
    outside.run('ip', 'route', 'add', '203.0.113.0/24', 'via', NODE_IP)
    outside.run('ip', 'route', 'add', '10.96.0.0/16', 'via', NODE_IP)
    agent = await host.agent('10.244.1.0/24')
    a = await lab.pod()
    b = await lab.pod()
    client = await lab.pod()
    const [ipA, ipB] = [await agent.setUp(a), await agent.setUp(b)]
    await agent.setUp(client)
    await Promise.all([serve(a, 'A', 8080), serve(b, 'B', 8080)])
    here = [
      { ip: ipA, nodeName: 'node1' },
      { ip: ipB, nodeName: 'node1' },
    ]
  })
  afterAll(() => lab.end())
  beforeEach(async () => {
    if (name) {
      await agent.remove('services', service(name, {}))
      await agent.remove('endpointslices', slice(name, []))
    }
    name = `svc${++count}`
  })

  const put = async (spec: object, endpoints: TestEndpoint[] = here, status: object = {}, protocol = 'TCP') => {
    const ports = [{ port: 80, protocol, targetPort: 8080, nodePort: 30_080 }]
    await agent.put('endpointslices', slice(name, endpoints, [{ name: '', port: 8080, protocol }]))
    await agent.put('services', service(name, { type: 'NodePort', clusterIP: CLUSTER_IP, ports, ...spec }, status))
    const chain = `default/${name}/${protocol.toLowerCase()}`
    if (endpoints.some(e => e.ready ?? true)) await eventually(() => rules().includes(chain))
  }
  const rules = () => host.run('nft', 'list', 'table', 'ip', 'flotilla')

  it('answers its node port on the node, on loopback, to pods and to other machines', async () => {
    await put({})
    expect(namesIn(tcp(host, NODE_IP, 30_080, 20))).toEqual(['A', 'B'])
    expect(namesIn(tcp(host, '127.0.0.1', 30_080, 20))).toEqual(['A', 'B'])
    expect(namesIn(tcp(client, NODE_IP, 30_080, 20))).toEqual(['A', 'B'])
    expect(namesIn(tcp(outside, NODE_IP, 30_080, 20))).toEqual(['A', 'B'])
    expect(tcp(outside, NODE_IP, 30_080)[0]).toMatch(/ 10\.244\.1\.0$/)
  })

  it('does not open the loopback addresses of the node to its neighbours', async () => {
    await put({})
    await serve(host, 'LOCAL', 7001)
    for (const local of ['127.0.0.0/8', '127.0.0.1'])
      outside.run('ip', 'route', 'delete', 'local', local, 'dev', 'lo', 'table', 'local')
    outside.run('ip', 'route', 'add', '127.0.0.2/32', 'via', NODE_IP, 'src', '192.168.78.9')
    outside.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet')
    expect(tcp(host, '127.0.0.2', 7001)).toEqual(['LOCAL 127.0.0.1'])
    expect(isDropped(outside, '127.0.0.2', 7001)).toBe(true)
    // Without our guard the same packets do arrive; the next change of a service brings the rules back.
    agent.pause()
    host.run('nft', 'delete', 'table', 'ip', 'flotilla')
    expect(tcp(outside, '127.0.0.2', 7001)).toEqual(['LOCAL 192.168.78.9'])
    agent.resume()
  })

  it('answers on external IPs and on its load balancer address', async () => {
    const status = { ingress: [{ ip: '203.0.113.8' }] }
    await put({ type: 'LoadBalancer', externalIPs: ['203.0.113.7'] }, here, status)
    expect(namesIn(tcp(outside, '203.0.113.7', 80, 20))).toEqual(['A', 'B'])
    expect(namesIn(tcp(outside, '203.0.113.8', 80, 20))).toEqual(['A', 'B'])
    expect(namesIn(tcp(client, '203.0.113.8', 80, 20))).toEqual(['A', 'B'])
  })

  it('serves its load balancer address to the source ranges only', async () => {
    const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ['198.51.100.0/24'] }
    await put(spec, here, { ingress: [{ ip: '203.0.113.8' }] })
    expect(isDropped(outside, '203.0.113.8', 80)).toBe(true)
    await put({ ...spec, loadBalancerSourceRanges: ['198.51.100.0/24', '192.168.78.0/24'] }, here, {
      ingress: [{ ip: '203.0.113.8' }],
    })
    await eventually(() => namesIn(tcp(outside, '203.0.113.8', 80, 20)).length === 2)
  })

  it('serves a machine outside that routes its cluster IP through the node', async () => {
    await put({})
    expect(namesIn(tcp(outside, CLUSTER_IP, 80, 20))).toEqual(['A', 'B'])
  })

  it('with externalTrafficPolicy Local shows pods the client address and uses local endpoints only', async () => {
    await put({ externalTrafficPolicy: 'Local' }, [here[0]!, elsewhere])
    expect(tcp(outside, NODE_IP, 30_080, 6)).toEqual(Array(6).fill('A 192.168.78.9'))
    await eventually(() => tcp(host, '127.0.0.1', 30_080)[0]?.startsWith('A'))
  })

  it('with externalTrafficPolicy Local and no local endpoint drops outside traffic', async () => {
    await put({ externalTrafficPolicy: 'Local' }, [elsewhere])
    expect(isDropped(outside, NODE_IP, 30_080)).toBe(true)
  })

  it('with internalTrafficPolicy Local uses local endpoints only, and drops when there is none', async () => {
    await put({ internalTrafficPolicy: 'Local' }, [here[1]!, elsewhere])
    expect(namesIn(tcp(client, CLUSTER_IP, 80, 8))).toEqual(['B'])
    await put({ internalTrafficPolicy: 'Local' }, [elsewhere])
    await eventually(() => isDropped(client, CLUSTER_IP, 80))
  })

  it('without endpoints is refused at once, on every address', async () => {
    await put({}, [])
    await eventually(() => rules().includes(`${CLUSTER_IP} . tcp . 80 : goto refuse`))
    expect(tcp(client, CLUSTER_IP, 80)).toEqual(['ECONNREFUSED'])
    expect(tcp(host, CLUSTER_IP, 80)).toEqual(['ECONNREFUSED'])
    expect(tcp(outside, NODE_IP, 30_080)).toEqual(['ECONNREFUSED'])
  })

  it('tells protocols on one port apart, and follows when one of them goes', async () => {
    const both = ['TCP', 'UDP'].map(protocol => ({
      name: protocol.toLowerCase(),
      port: 80,
      protocol,
      targetPort: 8080,
    }))
    const put2 = (ports: object[]) => agent.put('services', service(name, { type: 'ClusterIP', clusterIP: CLUSTER_IP, ports })) // prettier-ignore
    const slicePorts = both.map(({ name: portName, protocol }) => ({ name: portName, port: 8080, protocol }))
    await agent.put('endpointslices', slice(name, here, slicePorts))
    await put2(both)
    await eventually(() => /^[AB] /.test(udp(client, CLUSTER_IP, 80)[0]!))
    expect(namesIn(tcp(client, CLUSTER_IP, 80, 20))).toEqual(['A', 'B'])
    await put2(both.slice(0, 1))
    await eventually(() => !rules().includes(`${CLUSTER_IP} . udp . 80`))
    expect(udp(client, CLUSTER_IP, 80)[0]).toMatch(/ECONNREFUSED|TIMEOUT/)
    expect(tcp(client, CLUSTER_IP, 80)[0]).toMatch(/^[AB] /)
    await put2(both.slice(1))
    await eventually(() => tcp(client, CLUSTER_IP, 80)[0] === 'ECONNREFUSED')
    expect(udp(client, CLUSTER_IP, 80)[0]).toMatch(/^[AB] /)
  })

  it('leaves its address when it becomes an ExternalName, and keeps sticky clients only while it is sticky', async () => {
    await put({ sessionAffinity: 'ClientIP' })
    expect(namesIn(tcp(client, CLUSTER_IP, 80, 10))).toHaveLength(1)
    await put({ sessionAffinity: 'None' })
    await eventually(() => namesIn(tcp(client, CLUSTER_IP, 80, 20)).length === 2)
    await agent.put('services', service(name, { type: 'ExternalName', externalName: 'example.com' }))
    await eventually(() => tcp(client, CLUSTER_IP, 80)[0] === 'ECONNREFUSED')
    await put({})
    await eventually(() => namesIn(tcp(client, CLUSTER_IP, 80, 20)).length === 2)
  })

  it('refuses ports and addresses that no service has', async () => {
    await put({})
    expect(tcp(client, CLUSTER_IP, 81)).toEqual(['ECONNREFUSED'])
    expect(tcp(host, '10.96.200.200', 80)).toEqual(['ECONNREFUSED'])
  })

  it('uses terminating endpoints that still serve only while none is ready', async () => {
    const leaving = { ...here[0]!, ready: false, serving: true, terminating: true }
    await put({}, [leaving, here[1]!])
    expect(namesIn(tcp(client, CLUSTER_IP, 80, 10))).toEqual(['B'])
    await put({}, [leaving])
    await eventually(() => namesIn(tcp(client, CLUSTER_IP, 80, 5)).join() === 'A')
  })

  it('keeps a client with its endpoint for the affinity time', async () => {
    await put({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 2 } } })
    const clients = [client, a, b]
    const endpointOf = (from: Pod, times = 1) => namesIn(tcp(from, CLUSTER_IP, 80, times)).join()
    const first = clients.map(from => endpointOf(from, 15))
    for (const one of first) expect(one).toMatch(/^[AB]$/)
    // Each makes a new choice after the time has passed: sooner or later one of them chooses the other endpoint.
    await eventually(async () => {
      await eventually(() => !/elements = \{[^}]*expires/.test(rules()), 5_000)
      return clients.some((from, i) => endpointOf(from) !== first[i])
    }, 60_000)
  })

  it('moves UDP clients off an endpoint that left, though they never stop sending', async () => {
    const endpoints = here
    await put({}, endpoints, {}, 'UDP')
    const [first] = udp(client, CLUSTER_IP, 80, 3, 5555).map(answer => answer.split(' ')[0])
    const rest = endpoints.filter((_, i) => (first === 'A' ? i === 1 : i === 0))
    await put({}, rest, {}, 'UDP')
    const expected = first === 'A' ? 'B' : 'A'
    await eventually(() => namesIn(udp(client, CLUSTER_IP, 80, 2, 5555)).join() === expected)
  })

  it('moves UDP clients to another port of the same endpoint, though they never stop sending', async () => {
    await serve(a, 'A2', 9090)
    await put({}, [here[0]!], {}, 'UDP')
    expect(namesIn(udp(client, CLUSTER_IP, 80, 2, 5556))).toEqual(['A'])
    await agent.put('endpointslices', slice(name, [here[0]!], [{ name: '', port: 9090, protocol: 'UDP' }]))
    await eventually(() => namesIn(udp(client, CLUSTER_IP, 80, 2, 5556)).join() === 'A2')
  })

  it('reports local endpoints on its health check port', async () => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31_999 }
    const check = () => outside.run('curl', '-s', '-w', ' %{http_code}', `http://${NODE_IP}:31999/healthz`)
    const ofBothFamilies = { ...slice(name, [{ ip: 'fd00::1', nodeName: 'node1' }], undefined, 'six'), addressType: 'IPv6' } // prettier-ignore
    await put(spec, here)
    const ofPods = slice(name, here)
    for (const { endpoints } of [ofPods, ofBothFamilies])
      endpoints.forEach((endpoint, i) => Object.assign(endpoint, { targetRef: { kind: 'Pod', uid: `pod-${i}` } }))
    await agent.put('endpointslices', ofBothFamilies)
    await agent.put('endpointslices', ofPods)
    const answer = await eventually(check)
    expect(answer).toContain('"localEndpoints":2')
    expect(answer).toMatch(/ 200$/)
    await agent.remove('endpointslices', ofBothFamilies)
    await put(spec, [elsewhere])
    await eventually(() => check().endsWith(' 503'))
  })

  it('prefers the endpoints whose hints name the zone of the node', async () => {
    const home = node('node1', NODE_IP, '10.244.1.0/24')
    await agent.put('nodes', {
      ...home,
      metadata: { ...home.metadata, labels: { 'topology.kubernetes.io/zone': 'z1' } },
    })
    await put({})
    const hinted = slice(name, here)
    hinted.endpoints.forEach((endpoint, i) => Object.assign(endpoint, { hints: { forZones: [{ name: `z${i + 1}` }] } }))
    await agent.put('endpointslices', hinted)
    await eventually(() => namesIn(tcp(client, CLUSTER_IP, 80, 10)).join() === 'A')
  })

  it('comes back when somebody else flushes the rules', async () => {
    await put({})
    host.run('nft', 'flush', 'ruleset')
    await eventually(() => namesIn(tcp(client, CLUSTER_IP, 80, 20)).length === 2, 15_000)
  })

  it('is gone after its deletion, with its rules', async () => {
    await put({ sessionAffinity: 'ClientIP' })
    await agent.remove('services', service(name, {}))
    await eventually(() => !rules().includes(`default/${name}/`))
    expect(rules()).not.toMatch(/set aff-/)
    expect(tcp(client, CLUSTER_IP, 80)).toEqual(['ECONNREFUSED'])
  })

  describe('a host port', () => {
    const ip = () => here[0]!.ip
    it('reaches the pod on every address of the node, by protocol', async () => {
      await agent.call({
        do: 'hostPorts',
        podUid: a.uid,
        podIPs: [ip()],
        ports: [{ protocol: 'TCP', hostPort: 8888, containerPort: 8080 }],
      })
      expect(tcp(outside, NODE_IP, 8888)).toEqual(['A 192.168.78.9'])
      expect(namesIn(tcp(host, '127.0.0.1', 8888))).toEqual(['A'])
      expect(namesIn(tcp(client, NODE_IP, 8888))).toEqual(['A'])
      expect(namesIn(tcp(a, NODE_IP, 8888))).toEqual(['A'])
      expect(isDropped(outside, NODE_IP, 8888, 'udp')).toBe(true)
    })

    it('keeps to its hostIP', async () => {
      const ports = [{ protocol: 'TCP' as const, hostPort: 8888, containerPort: 8080, hostIP: '127.0.0.1' }]
      await agent.call({ do: 'hostPorts', podUid: a.uid, podIPs: [ip()], ports })
      expect(namesIn(tcp(host, '127.0.0.1', 8888))).toEqual(['A'])
      expect(tcp(outside, NODE_IP, 8888)).toEqual(['ECONNREFUSED'])
    })

    it('goes with its pod', async () => {
      await agent.call({ do: 'tearDown', podUid: a.uid })
      expect(tcp(host, '127.0.0.1', 8888)).toEqual(['ECONNREFUSED'])
    })
  })
})
