// Three hosts as people have them: firewalld on one, ufw on another, a newer Docker on the third, which reaches the first
// over TCP 22 only. What they drop by default is let through for pods, also after a reload, and they are left as they
// were. All ways between nodes are there: a route, the tunnel, the relay.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cut, heal } from './lab/cut.ts'
import { firewallEnvironment, startFirewalld, startUfw, unpackFirewalls } from './lab/host-firewalls.ts'
import { type Agent, type Asker, eventually, type Host, isDropped, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts' // prettier-ignore
import { NewerDocker } from './lab/newer-docker.ts'
import { node, service, slice } from './lab/objects.ts'

const NODE_PORT = 30_080
const SERVICE_IP = '10.96.0.50'

describe('hosts with firewalld, with ufw, and with a newer Docker', { timeout: 180_000 }, () => {
  let lab: Lab
  let ufw: (...args: string[]) => string
  let docker: NewerDocker
  const hosts: Host[] = []
  const agents: Agent[] = []
  /** Two on each node. */
  const pods: { pod: Pod; name: string; ip: string }[] = []
  const before: string[] = []
  const names = ['firewalld', 'ufw', 'docker']
  // The third is behind a router: what goes there and comes from there is in the tunnel.
  const nodeIPs = ['192.168.89.1', '192.168.89.2', '192.168.90.3']
  const cidrs = ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']
  const each = [0, 1, 2]
  beforeAll(async () => {
    unpackFirewalls()
    Object.assign(process.env, firewallEnvironment())
    lab = new Lab()
    const router = lab.host('router', '192.168.89.254/24')
    router.run('ip', 'address', 'add', '192.168.90.254/24', 'dev', 'eth0')
    router.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects') // prettier-ignore
    for (const i of each) {
      const host = lab.host(names[i]!, `${nodeIPs[i]!}/24`, '/run')
      host.run('ip', 'route', 'add', 'default', 'via', i === 2 ? '192.168.90.254' : '192.168.89.254')
      hosts.push(host)
    }
    await startFirewalld(hosts[0]!, join(lab.folder, 'firewalld-settings'))
    ufw = startUfw(hosts[1]!, join(lab.folder, 'ufw-settings'))
    docker = new NewerDocker(hosts[2]!, join(lab.folder, 'docker'))
    await docker.start()
    // Later starts leave its chains in another order than the first.
    await docker.restart()
    for (const host of hosts) before.push(host.picture())
    cut(hosts[0]!, hosts[2]!)
    for (const i of each) await startNode(i)
    const ports = ['TCP', 'UDP'].map(protocol => ({ name: protocol.toLowerCase(), port: 80, protocol, nodePort: NODE_PORT })) // prettier-ignore
    const endpoints = pods.map(({ ip }, i) => ({ ip, nodeName: names[i >> 1]! }))
    const targets = ['TCP', 'UDP'].map(protocol => ({ name: protocol.toLowerCase(), port: 8080, protocol }))
    for (const agent of agents) {
      await agent.put('services', service('web', { type: 'NodePort', clusterIP: SERVICE_IP, ports }))
      await agent.put('endpointslices', slice('web', endpoints, targets))
    }
  }, 180_000)
  afterAll(async () => {
    await docker?.[Symbol.asyncDispose]()
    lab?.end()
  })

  async function startNode(i: number): Promise<void> {
    const agent = await hosts[i]!.agent(cidrs[i]!, { relayFolder: lab.folder })
    agents.push(agent)
    for (const other of each) await agent.put('nodes', node(names[other]!, nodeIPs[other]!, cidrs[other]!))
    for (const suffix of ['a', 'b']) {
      const [pod, name] = [await lab.pod(), `${names[i]!}-${suffix}`]
      pods.push({ pod, name, ip: await agent.setUp(pod) })
      await serve(pod, name, 8080)
    }
  }

  const all = () => pods.map(({ name }) => name).sort()
  const podsOf = (i: number) => pods.slice(2 * i, 2 * i + 2)
  /** Every pod answers at the address, over both protocols. */
  const spreads = (from: Asker, ip: string, port: number) => {
    expect(namesIn(tcp(from, ip, port, 40))).toEqual(all())
    const overUdp = Array.from({ length: 4 }, () => udp(from, ip, port)[0]!)
    for (const answer of overUdp) expect(all()).toContain(answer.split(' ')[0])
  }

  /** Every pair of pods, from the nodes to pods, Services and node ports from pods and nodes, names: over TCP and UDP. */
  const allIsWell = () =>
    eventually(() => {
      for (const from of pods)
        for (const to of pods) {
          if (from === to) continue
          expect(tcp(from.pod, to.ip, 8080)).toEqual([`${to.name} ${from.ip}`])
          expect(udp(from.pod, to.ip, 8080)).toEqual([`${to.name} ${from.ip}`])
        }
      for (const i of each) {
        for (const to of pods) {
          expect(namesIn(tcp(hosts[i]!, to.ip, 8080))).toEqual([to.name])
          expect(namesIn(udp(hosts[i]!, to.ip, 8080))).toEqual([to.name])
        }
        for (const from of [hosts[i]!, ...podsOf(i).map(({ pod }) => pod)]) {
          spreads(from, SERVICE_IP, 80)
          for (const j of each) spreads(from, nodeIPs[j]!, NODE_PORT)
          expect(from.run('dig', '+short', '+time=1', '+tries=1', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe(SERVICE_IP) // prettier-ignore
        }
      }
      return true
    }, 90_000)

  it('have the Docker that this is about, and a pair that reaches each other over TCP 22 only', async () => {
    expect(docker.major).toBeGreaterThanOrEqual(26)
    for (const i of [0, 2]) await serve(hosts[i]!, 'private', 9_000)
    for (const [here, there] of [
      [0, 2],
      [2, 0],
    ] as const) {
      hosts[there]!.spawn(process.execPath, '-e', "require('net').createServer(s => s.end('SSH x')).listen(22, '0.0.0.0')") // prettier-ignore
      await eventually(() => namesIn(tcp(hosts[here]!, nodeIPs[there]!, 22)).join() === 'SSH')
      expect(isDropped(hosts[here]!, nodeIPs[there]!, 9_000)).toBe(true)
    }
  })

  it('carry everything between pods, Services, nodes and names', async () => {
    await allIsWell()
    const relayed = await Promise.all(agents.map(agent => agent.call({ do: 'relayed' })))
    expect(relayed).toEqual([['docker'], [], ['firewalld']])
    const routes = hosts[0]!.run('ip', 'route')
    expect(routes).toContain('10.244.2.0/24 via 192.168.89.2 dev eth0')
    expect(routes).toMatch(/10\.244\.3\.0\/24 via 10\.244\.3\.0 dev flovx/)
  })

  it('let node ports in from outside', async () => {
    const outside = lab.host('outside', '192.168.89.9/24')
    outside.run('ip', 'route', 'add', 'default', 'via', '192.168.89.254')
    // Few enough connections that one of the pods may not have its turn.
    for (const ip of nodeIPs) await eventually(() => spreads(outside, ip, NODE_PORT) ?? true)
  })

  it('are opened again after they were reloaded, and after Docker was started again', async () => {
    hosts[0]!.run('firewall-cmd', '--reload')
    ufw('reload')
    await docker.restart()
    await allIsWell()
    hosts[0]!.run('firewall-cmd', '--complete-reload')
    ufw('disable')
    ufw('--force', 'enable')
    await eventually(() => {
      const [[one], [other]] = [podsOf(0), podsOf(1)]
      return namesIn([...tcp(one!.pod, other!.ip, 8080), ...tcp(other!.pod, one!.ip, 8080)]).join() === 'firewalld-a,ufw-a' // prettier-ignore
    }, 20_000)
  })

  it('carry everything beside a Docker that is told to leave the rules alone', async () => {
    await docker.restart('--iptables=false', '--ip6tables=false')
    await allIsWell()
    await docker.restart()
  })

  it('go on dropping what is not for pods', async () => {
    await serve(hosts[1]!, 'private', 9_000)
    for (const [from, to] of [
      [2, 1],
      [1, 0],
    ] as const)
      expect(tcp(hosts[from]!, nodeIPs[to]!, 9_000)).not.toEqual([expect.stringContaining('private')])
  })

  it('are left as they were', async () => {
    for (const i of [0, 2]) heal(hosts[i]!)
    for (const i of each) {
      await agents[i]!.call({ do: 'cleanUp' })
      await agents[i]!.exited
      if (i === 0) {
        expect(hosts[0]!.run('firewall-cmd', '--get-active-zones').trim()).toBe('')
        // A zone that was used leaves firewalld's own empty chains.
        hosts[0]!.run('firewall-cmd', '--reload')
      }
      expect(hosts[i]!.picture()).toBe(before[i])
    }
  })
})
