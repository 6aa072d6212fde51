// Two nodes that reach each other over TCP 22 only, and a third that both reach: partition and heal.
import { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IPV4 } from '../../src/agent/network/family.ts'
import { Relay } from '../../src/agent/network/reach/relay.ts'
import { VxlanCarrier } from '../../src/agent/network/reach/vxlan-carrier.ts'
import { RuleTable } from '../../src/agent/proxy/table.ts'
import { deferred } from '../../src/shared/machinery/deferred.ts'
import { cut, heal } from './lab/cut.ts'
import { type Agent, eventually, type Host, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts'
import { node, service, slice } from './lab/objects.ts'

const names = ['node1', 'node2', 'node3']
const nodeIPs = ['192.168.83.1', '192.168.83.2', '192.168.84.3']
const cidrs = ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']
const object = (index: number) => node(names[index]!, nodeIPs[index]!, cidrs[index]!)
describe('nodes that do not reach each other', () => {
  let lab: Lab
  const hosts: Host[] = []
  const agents: Agent[] = []
  const pods: Pod[] = []
  const ips: string[] = []

  beforeAll(async () => {
    lab = new Lab()
    const router = lab.host('router', '192.168.83.254/24')
    router.run('ip', 'address', 'add', '192.168.84.254/24', 'dev', 'eth0')
    router.run(
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects',
    )
    for (const [i, name] of names.entries()) {
      const host = lab.host(name, `${nodeIPs[i]!}/24`)
      hosts.push(host)
      host.run('ip', 'route', 'add', 'default', 'via', i === 2 ? '192.168.84.254' : '192.168.83.254')
      const agent = await host.agent(cidrs[i]!, { relayFolder: lab.folder })
      agents.push(agent)
      for (const other of names.keys()) await agent.put('nodes', object(other))
      const pod = await lab.pod()
      pods.push(pod)
      ips.push(await agent.setUp(pod))
      await serve(pod, name, 8080)
    }
    await serve(hosts[1]!, 'SSH', 22)
    const ports = ['TCP', 'UDP'].map(protocol => ({ name: protocol, port: 80, protocol, nodePort: 30_080 }))
    for (const agent of agents) {
      await agent.put('services', service('two', { type: 'NodePort', clusterIP: '10.96.0.50', ports }))
      await agent.put(
        'endpointslices',
        slice('two', [{ ip: ips[1]!, nodeName: 'node2' }], ports.map(({ name, protocol }) => ({ name, protocol, port: 8080 }))), // prettier-ignore
      )
    }
    await eventually(() => namesIn(tcp(pods[0]!, ips[1]!, 8080)).join() === 'node2')
    await eventually(() => namesIn(tcp(pods[2]!, ips[0]!, 8080)).join() === 'node1')
  })
  afterAll(() => lab.end())

  const relayed = async (index: number) => (await agents[index]!.call({ do: 'relayed' })) as string[]
  /** Every way between the two, over TCP and UDP, each pod seen with its own address. */
  const everyWay = (a: number, b: number) => {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(tcp(pods[from]!, ips[to]!, 8080)).toEqual([`${names[to]!} ${ips[from]!}`])
      expect(udp(pods[from]!, ips[to]!, 8080)).toEqual([`${names[to]!} ${ips[from]!}`])
      expect(namesIn(tcp(hosts[from]!, ips[to]!, 8080))).toEqual([names[to]])
    }
    for (const place of [pods[a]!, hosts[a]!]) {
      expect(namesIn(tcp(place, '10.96.0.50', 80))).toEqual(['node2'])
      expect(namesIn(udp(place, '10.96.0.50', 80))).toEqual(['node2'])
    }
    expect(namesIn(tcp(hosts[a]!, nodeIPs[a]!, 30_080))).toEqual(['node2'])
  }

  it('relay nothing while every way is open', async () => {
    // On a busy machine an agent may be late; that is over as soon as it is noticed.
    await eventually(async () => (await Promise.all([0, 1, 2].map(relayed))).flat().length === 0, 30_000)
  })

  it('are found, on one subnet and on different ones, and their pods are relayed until the way is open again', async () => {
    // node2 loses both others, which go on reaching each other.
    for (const index of [0, 2]) {
      cut(hosts[index]!, hosts[1]!)
      expect(namesIn(tcp(hosts[index]!, nodeIPs[1]!, 22))).toEqual(['SSH'])
    }
    // On a busy machine it may be found before it is tried.
    if (!tcp(pods[0]!, ips[1]!, 8080).includes('TIMEOUT')) expect(await relayed(0)).toEqual(['node2'])
    await eventually(
      async () =>
        expect(await Promise.all([0, 1, 2].map(relayed))).toEqual([['node2'], ['node1', 'node3'], ['node2']]) ?? true,
      30_000,
    )
    for (const index of [0, 2]) {
      await eventually(() => everyWay(index, 1) ?? true, 30_000)
    }
    expect(tcp(pods[0]!, ips[2]!, 8080)).toEqual([`node3 ${ips[0]!}`])
    const script =
      "require('http').createServer((q, r) => r.end(Buffer.alloc(3e6))).listen(8081, () => console.log('up'))"
    const server = pods[1]!.spawn(process.execPath, '-e', script)
    await new Promise(resolve => server.stdout!.once('data', resolve))
    const args = ['-s', '-m', '10', '-o', '/dev/null', '-w', '%{size_download}', `http://${ips[1]!}:8081/`]
    expect(pods[0]!.run('curl', ...args)).toBe('3000000')
    server.kill()

    for (const index of [0, 2]) heal(hosts[index]!)
    hosts[1]!.run('nft', 'flush', 'table', 'ip', 'cut')
    await eventually(async () => (await Promise.all([0, 1, 2].map(relayed))).flat().length === 0, 30_000)
    for (const index of [0, 2]) {
      await eventually(() => everyWay(index, 1) ?? true, 30_000)
    }
  }, 120_000)
})

describe('an agent that stops', () => {
  it('ends its links before it says so, leaves the rules and begins nothing more', async () => {
    const table = new RuleTable(IPV4)
    let changes = 0
    const peer = (nodeName: string) => ({ nodeName, nodeIP: nodeIPs[1]!, podCIDR: cidrs[1]! })
    const relay = new Relay({ carrier: new VxlanCarrier(table), peer, changed: () => void changes++ })
    const closing = deferred<() => void>()
    const ended: string[] = []
    const stream = new Duplex({ read: () => undefined, destroy: (_error, done) => closing.resolve(() => done(null)) })
    relay.add('node2', stream, true)
    expect(changes).toBe(1)
    const disposed = relay[Symbol.asyncDispose]().then(() => ended.push('relay'))
    stream.once('close', () => ended.push('stream'))
    ;(await closing.promise)()
    await disposed
    expect(ended).toEqual(['stream', 'relay'])
    expect(changes).toBe(1)
    expect(table.takeAll()).toContain(`add element ip flotilla relayed { ${nodeIPs[1]!} }`)
  })
  it('does not wait for a link that had ended before it was added', async () => {
    const peer = (nodeName: string) => ({ nodeName, nodeIP: nodeIPs[1]!, podCIDR: cidrs[1]! })
    const relay = new Relay({ carrier: new VxlanCarrier(new RuleTable(IPV4)), peer, changed: () => undefined })
    const stream = new Duplex({ read: () => undefined })
    await new Promise(resolve => stream.once('close', resolve).destroy())
    relay.add('node2', stream, true)
    expect(relay.hasOpened('node2')).toBe(false)
    await relay[Symbol.asyncDispose]()
  })
})
