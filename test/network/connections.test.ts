// What a node tells of the connections that it sees.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConnectionSummary } from '../../src/shared/machinery/connection-summary.ts'
import { parseFlow } from '../../src/agent/observe/flow.ts'
import { type Agent, eventually, type Host, isDropped, Lab, type Pod, tcp } from './lab/lab.ts'
import { node, podObject, policy, service, slice } from './lab/objects.ts'
import { Prober } from './lab/prober.ts'

describe('parseFlow()', () => {
  it('tells the client, where it sent to, and who answers', () => {
    const line =
      'tcp      6 86392 ESTABLISHED src=10.244.1.2 dst=10.96.0.50 sport=40000 dport=80 packets=5 bytes=300 src=10.244.1.3 dst=10.244.1.2 sport=8080 dport=40000 packets=4 bytes=600 [ASSURED] mark=0 use=1'
    expect(parseFlow(line)).toEqual({
      protocol: 'TCP',
      from: '10.244.1.2',
      asked: { ip: '10.96.0.50', port: 80 },
      to: { ip: '10.244.1.3', port: 8080 },
      bytesSent: 300,
      bytesReceived: 600,
    })
  })
  it.each(['', 'icmp 1 29 src=1.1.1.1 dst=2.2.2.2 type=8 code=0 id=1', 'tcp 6 1 nonsense'])(
    'takes no notice of %j',
    line => {
      expect(parseFlow(line)).toBeUndefined()
    },
  )
})

describe('a node', () => {
  const NODE_IP = '192.168.84.1'
  let lab: Lab
  let host: Host
  let outside: Host
  let agent: Agent
  let client: Pod
  let server: Pod
  let ips: string[] = []

  beforeAll(async () => {
    lab = new Lab()
    host = lab.host('node1', `${NODE_IP}/24`)
    outside = lab.host('outside', '192.168.84.9/24')
    agent = await host.agent('10.244.1.0/24')
    await agent.put('nodes', node('node1', NODE_IP, '10.244.1.0/24'))
    client = await lab.pod()
    server = await lab.pod()
    ips = [await agent.setUp(client), await agent.setUp(server)]
    await new Prober(server, [80, 81]).ready()
    const web = service('web', { type: 'NodePort', clusterIP: '10.96.0.50', ports: [{ port: 8000, protocol: 'TCP', nodePort: 30_080 }] }) // prettier-ignore
    await agent.put('services', web)
    const endpoints = slice('web', [{ ip: ips[1]!, nodeName: 'node1' }], [{ name: '', port: 80, protocol: 'TCP' }])
    Object.assign(endpoints.endpoints[0]!, { targetRef: { kind: 'Pod', namespace: 'default', name: 'web-0' } })
    await agent.put('endpointslices', endpoints)
  })
  afterAll(() => lab.end())

  const summary = () => agent.call({ do: 'connections' }) as Promise<ConnectionSummary>
  /** Sends this much through an echo server; the connection ends. */
  const echo = (from: { run(...argv: string[]): string }, ip: string, port: number, bytes: number) =>
    from.run(process.execPath, '-e', `const s = require('net').connect(${port}, '${ip}'); let n = 0; s.on('data', d => { n += d.length; if (n >= ${bytes}) s.end() }); s.write(Buffer.alloc(${bytes}))`) // prettier-ignore

  it('sums up connections by who speaks with which pod, and for which Service, ended ones included', async () => {
    expect((await summary()).problem).toBeUndefined()
    await eventually(() => tcp(client, '10.96.0.50', 8000)[0] !== 'ECONNREFUSED')
    for (let i = 0; i < 3; i++) echo(client, '10.96.0.50', 8000, 100_000)
    const edge = await eventually(async () => {
      const { edges } = await summary()
      return edges.find(({ from, bytesSent }) => from.ip === ips[0] && bytesSent > 300_000)
    })
    expect(edge).toMatchObject({
      from: { kind: 'pod', ip: ips[0] },
      to: { kind: 'pod', ip: ips[1], namespace: 'default', name: 'web-0' },
      service: 'default/web',
      protocol: 'TCP',
      port: 80,
    })
    expect(edge.bytesReceived).toBeGreaterThan(300_000)
    expect(edge.bytesSent).toBeLessThan(400_000)
    // Gone from the kernel's table, still in the sums.
    host.run('conntrack', '-D', '-s', ips[0]!)
    await eventually(async () => {
      const { edges } = await summary()
      return edges.some(
        ({ from, bytesSent, connections }) => from.ip === ips[0] && bytesSent > 300_000 && connections === 0,
      )
    })
  })

  it('takes the world outside for one end, and tells of a node port as the Service that it is', async () => {
    echo(outside, NODE_IP, 30_080, 1_000)
    const edge = await eventually(async () => (await summary()).edges.find(({ from }) => from.kind === 'outside'))
    expect(edge).toMatchObject({ from: { kind: 'outside' }, to: { ip: ips[1] }, service: 'default/web' })
  })

  it('tells rates', async () => {
    const child = client.spawn(process.execPath, '-e', `const s = require('net').connect(81, '${ips[1]}'); s.on('data', () => {}); setInterval(() => s.write(Buffer.alloc(10000)), 50)`) // prettier-ignore
    await eventually(async () => {
      const { edges, windowSeconds = 0 } = await summary()
      const rate = edges.find(({ port }) => port === 81)?.bytesPerSecond ?? 0
      return windowSeconds > 0 && rate > 50_000
    })
    child.kill()
  })

  it('leaves out what the node that the client is on tells', async () => {
    const { edges } = await summary()
    expect(edges.every(({ from }) => from.ip !== '10.244.2.7')).toBe(true)
    outside.run('ip', 'address', 'add', '10.244.2.7/32', 'dev', 'lo')
    host.run('ip', 'route', 'add', '10.244.2.0/24', 'via', '192.168.84.9')
    outside.run('ip', 'route', 'add', '10.244.1.0/24', 'via', NODE_IP, 'src', '10.244.2.7')
    echo(outside, ips[1]!, 80, 1_000)
    expect(host.run('conntrack', '-L')).toContain('src=10.244.2.7')
    expect((await summary()).edges.every(({ from }) => from.ip !== '10.244.2.7')).toBe(true)
  })

  it('tells what policies denied', async () => {
    const object = podObject({ uid: server.uid, ns: 'default', name: 'web-0', nodeName: 'node1', ip: ips[1]! })
    await agent.call({ do: 'isolate', pod: object })
    await agent.put('pods', object)
    await agent.put('networkpolicies', policy('default', 'deny', { podSelector: {} }))
    await eventually(() => isDropped(client, ips[1]!, 81))
    const { denied } = await summary()
    expect(denied).toContainEqual({
      from: { kind: 'pod', ip: ips[0] },
      to: { kind: 'pod', ip: ips[1], namespace: 'default', name: 'web-0' },
      protocol: 'TCP',
      port: 81,
      packets: expect.any(Number) as number,
    })
  })
})
