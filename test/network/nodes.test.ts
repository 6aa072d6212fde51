// Several nodes: two on one subnet, one behind a router, with Docker's kind of firewall on them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Agent,
  eventually,
  type Host,
  isDropped,
  Lab,
  namesIn,
  type Place,
  type Pod,
  serve,
  tcp,
  udp,
} from './lab/lab.ts'
import { node, service, slice } from './lab/objects.ts'

/** What Docker ≤ 28 leaves on a host: forwarding is dropped but for its own networks, DOCKER-USER is for others. */
const DOCKER_RULES = `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -i docker0 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
`

describe('nodes', () => {
  let lab: Lab
  let router: Host
  const hosts: Host[] = []
  const agents: Agent[] = []
  const pods: Pod[] = []
  const ips: string[] = []
  const before: string[] = []
  const cidrs = ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']
  const nodeIPs = ['192.168.79.1', '192.168.79.2', '192.168.80.3']
  const names = ['node1', 'node2', 'node3']
  const toNodes = (index: number) => node(names[index]!, nodeIPs[index]!, cidrs[index]!)

  beforeAll(async () => {
    lab = new Lab()
    router = lab.host('router', '192.168.79.254/24')
    router.run('ip', 'address', 'add', '192.168.80.254/24', 'dev', 'eth0')
    router.run(
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects',
    )
    for (const [i, name] of names.entries()) {
      const host = lab.host(name, `${nodeIPs[i]!}/24`)
      hosts.push(host)
      host.run('ip', 'route', 'add', 'default', 'via', i === 2 ? '192.168.80.254' : '192.168.79.254')
      // The third is on a link that carries less.
      if (i === 2) host.run('ip', 'link', 'set', 'eth0', 'mtu', '1400')
    }
    // node1: iptables over nftables; node2: legacy iptables; node3: a ruleset of its administrator's own.
    load(hosts[0]!, 'iptables-nft-restore', DOCKER_RULES)
    load(hosts[1]!, 'iptables-legacy-restore', DOCKER_RULES)
    load(
      hosts[2]!,
      'nft',
      'add table inet mine\nadd chain inet mine forwarding { type filter hook forward priority 0; policy drop; }\nadd chain inet mine inp { type filter hook input priority 0; }\nadd rule inet mine inp iif lo accept\nadd rule inet mine inp ct state established,related accept\nadd rule inet mine inp icmp type echo-request accept\nadd rule inet mine inp counter drop\n',
      '-f',
      '-',
    )
    for (const host of hosts) before.push(host.picture())
    for (const [i, host] of hosts.entries()) {
      const agent = await host.agent(cidrs[i]!)
      agents.push(agent)
      for (const other of names.keys()) await agent.put('nodes', toNodes(other))
      const pod = await lab.pod()
      pods.push(pod)
      ips.push(await agent.setUp(pod))
      await serve(pod, names[i]!, 8080)
    }
    const web = service('web', {
      type: 'NodePort',
      clusterIP: '10.96.0.50',
      ports: [{ port: 80, protocol: 'TCP', nodePort: 30_080 }],
    })
    for (const agent of agents) {
      await agent.put('services', web)
      await agent.put(
        'endpointslices',
        slice(
          'web',
          ips.map((ip, i) => ({ ip, nodeName: names[i]! })),
        ),
      )
    }
    await eventually(() => hosts.every(host => host.run('ip', 'route').split('10.244.').length >= 4))
  })
  afterAll(() => lab.end())

  const load = (host: Host, ...[tool, input, ...args]: [string, string, ...string[]]) =>
    host.run('sh', '-c', 'input=$1; tool=$2; shift 2; printf %s "$input" | "$tool" "$@"', 'sh', input, tool, ...args)

  it('route to each other directly on one subnet, and through a tunnel otherwise', () => {
    const routes = hosts[0]!.run('ip', 'route')
    expect(routes).toContain('10.244.2.0/24 via 192.168.79.2 dev eth0')
    expect(routes).toMatch(/10\.244\.3\.0\/24 via 10\.244\.3\.0 dev flovx/)
  })

  it('carry traffic between all pods, each seen with its own address', async () => {
    for (const [i, from] of pods.entries())
      for (const [j, to] of ips.entries()) {
        if (i === j) continue
        await eventually(() => expect(tcp(from, to, 8080)).toEqual([`${names[j]!} ${ips[i]!}`]) ?? true)
        expect(udp(from, to, 8080)).toEqual([`${names[j]!} ${ips[i]!}`])
      }
  })

  it('reach pods of other nodes from the host', () => {
    expect(namesIn(tcp(hosts[0]!, ips[1]!, 8080))).toEqual(['node2'])
    expect(namesIn(tcp(hosts[0]!, ips[2]!, 8080))).toEqual(['node3'])
    expect(namesIn(tcp(hosts[2]!, ips[0]!, 8080))).toEqual(['node1'])
  })

  it('spread a service over every node, from pods, hosts and each node port', () => {
    for (const from of [...pods, ...hosts]) expect(namesIn(tcp(from, '10.96.0.50', 80, 40))).toEqual(names)
    expect(namesIn(tcp(hosts[0]!, '127.0.0.1', 30_080, 40))).toEqual(names)
    expect(namesIn(tcp(pods[0]!, nodeIPs[2]!, 30_080, 40))).toEqual(names)
  })

  it('give each link what the way behind it carries', () => {
    const mtu = (place: Place, link: string) =>
      Number(/ mtu (\d+)/.exec(place.run('ip', '-o', 'link', 'show', link))![1])
    expect([0, 1, 2].map(i => mtu(pods[i]!, 'eth0'))).toEqual([1500, 1500, 1400])
    expect([0, 1, 2].map(i => mtu(hosts[i]!, 'flovx'))).toEqual([1450, 1450, 1350])
  })

  it('carry big transfers through the tunnel', () => {
    const server =
      "require('http').createServer((q, r) => r.end(Buffer.alloc(3e6))).listen(8081, () => console.log('up'))"
    const child = pods[2]!.spawn(process.execPath, '-e', server)
    return eventually(() => {
      const size = pods[0]!.run(
        'curl',
        '-s',
        '-m',
        '5',
        '-o',
        '/dev/null',
        '-w',
        '%{size_download}',
        `http://${ips[2]!}:8081/`,
      )
      return size === '3000000'
    }).finally(() => child.kill())
  })

  it('treat what comes from a node or its pods as traffic of the cluster where outside traffic has to stay local', async () => {
    const ports = [{ port: 80, protocol: 'TCP', nodePort: 30_081 }]
    const far = service('far', { type: 'NodePort', clusterIP: '10.96.0.51', externalTrafficPolicy: 'Local', ports })
    for (const agent of agents) {
      await agent.put('services', far)
      await agent.put('endpointslices', slice('far', [{ ip: ips[1]!, nodeName: 'node2' }]))
    }
    // The endpoint is elsewhere: it answers who asks from the node, which shows its address in the pod network.
    await eventually(() => expect(tcp(hosts[0]!, nodeIPs[0]!, 30_081)).toEqual(['node2 10.244.1.0']) ?? true)
    expect(namesIn(tcp(hosts[0]!, '127.0.0.1', 30_081))).toEqual(['node2'])
    expect(namesIn(tcp(pods[0]!, nodeIPs[0]!, 30_081))).toEqual(['node2'])
    // From another node it is outside traffic, which is let in where the endpoint is, as who it is.
    expect(isDropped(hosts[2]!, nodeIPs[0]!, 30_081)).toBe(true)
    expect(tcp(hosts[2]!, nodeIPs[1]!, 30_081)).toEqual([`node2 ${nodeIPs[2]!}`])
  })

  it('answer DNS to pods although the host drops what comes in', () => {
    for (const pod of pods)
      expect(pod.run('dig', '+short', '+time=1', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe(
        '10.96.0.50',
      )
  })

  it('open the firewall again after it was reloaded', async () => {
    agents[0]!.pause()
    load(hosts[0]!, 'iptables-nft-restore', DOCKER_RULES)
    expect(isDropped(pods[0]!, ips[1]!, 8080)).toBe(true)
    agents[0]!.resume()
    // Elsewhere, single rules go from chains that stay.
    hosts[1]!.run('iptables-legacy', '-F', 'FLOTILLA-FORWARD')
    const mine = hosts[2]!.run('nft', '-s', 'list', 'table', 'inet', 'mine')
    hosts[2]!.run('nft', 'flush', 'chain', 'inet', 'mine', 'forwarding')
    await eventually(() => hosts[2]!.run('nft', '-s', 'list', 'table', 'inet', 'mine') === mine, 20_000)
    await eventually(() => hosts[1]!.run('iptables-legacy', '-S', 'FLOTILLA-FORWARD').includes('-s 10.244.0.0/16'), 20_000) // prettier-ignore
    await eventually(() => namesIn(tcp(pods[0]!, ips[1]!, 8080)).join() === 'node2', 20_000)
    expect(hosts[0]!.run('iptables-nft', '-S', 'DOCKER-USER').split('\n')[1]).toBe('-A DOCKER-USER -j FLOTILLA-FORWARD')
  })

  it('hear of rules that somebody took out of a chain that stays, and leave firewalls alone that are as they should be', async () => {
    hosts[0]!.run('iptables-nft', '-F', 'FLOTILLA-FORWARD')
    const rules = () => hosts[2]!.run('nft', '-a', '-s', 'list', 'table', 'inet', 'mine')
    const handles = rules()
    expect(handles).toContain('comment "flotilla ')
    // A lost route that is back proves that the host was looked at; the second time, all of the first look is over.
    for (let look = 0; look < 2; look++) {
      hosts[2]!.run('ip', 'route', 'delete', ips[2]!)
      await eventually(() => hosts[2]!.run('ip', 'route', 'show', ips[2]!) !== '')
    }
    expect(rules()).toBe(handles)
    await eventually(() => hosts[0]!.run('iptables-nft', '-S', 'FLOTILLA-FORWARD').includes('-j ACCEPT'))
  })

  it('tell whether packets of a machine that is no node come to their tunnel, whatever firewall they have, and send it some', async () => {
    const [, , node3] = agents
    const come = () => node3!.call({ do: 'arrivals', from: '192.168.80.254' })
    const chains = () => hosts[2]!.run('nft', 'list', 'chains').includes('chain from-')
    router.run('nft', 'add table ip lab; add chain ip lab inp { type filter hook input priority 0; }; add chain ip lab out { type filter hook output priority 0; }; add rule ip lab inp ip saddr 192.168.80.3 udp dport 8472 counter') // prettier-ignore
    const sender = router.spawn('bash', '-c', 'while :; do printf ? > /dev/udp/192.168.80.3/8472; sleep 0.05; done')
    try {
      expect(await come()).toBe(true)
      expect(router.run('nft', 'list', 'chain', 'ip', 'lab', 'inp')).toMatch(/counter packets [1-9]/)
      router.run('nft', 'add rule ip lab out udp dport 8472 drop')
      expect(await come()).toBe(false)
      expect(chains()).toBe(false)
      const many = Array.from({ length: 17 }, () => come().catch(String))
      expect((await Promise.all(many)).filter(answer => answer !== false)).toEqual([
        expect.stringContaining('too many'),
      ])
    } finally {
      sender.kill('SIGKILL')
      router.run('nft', 'delete', 'table', 'ip', 'lab')
    }
  })

  it('forget a node that left', async () => {
    await agents[0]!.remove('nodes', toNodes(2))
    await eventually(() => !hosts[0]!.run('ip', 'route').includes('10.244.3.0'))
    expect(hosts[0]!.run('ip', '-o', 'link')).not.toContain('flovx')
    expect(namesIn(tcp(pods[0]!, ips[1]!, 8080))).toEqual(['node2'])
    await agents[0]!.put('nodes', toNodes(2))
    await eventually(() => namesIn(tcp(pods[0]!, ips[2]!, 8080)).join() === 'node3')
  })

  it('keep working between pods while their agents are dead', async () => {
    agents[1]!.kill()
    await agents[1]!.exited
    expect(namesIn(tcp(pods[0]!, ips[1]!, 8080))).toEqual(['node2'])
    expect(namesIn(tcp(pods[1]!, '10.96.0.50', 80, 40))).toEqual(names)
    agents[1] = await hosts[1]!.agent(cidrs[1]!, { offline: true })
    expect(namesIn(tcp(pods[1]!, '10.96.0.50', 80, 40))).toEqual(names)
  })

  it('follow a node whose address changes, on the subnet and through the tunnel', async () => {
    // As after a new lease: its agent starts again with the address that it finds.
    const move = (from: string, to: string) => {
      hosts[1]!.run('ip', 'address', 'delete', `${from}/24`, 'dev', 'eth0')
      hosts[1]!.run('ip', 'address', 'add', `${to}/24`, 'dev', 'eth0')
      hosts[1]!.run('ip', 'route', 'add', 'default', 'via', '192.168.79.254')
    }
    move('192.168.79.2', '192.168.79.22')
    await agents[1]!.stop()
    const moved = node(names[1]!, '192.168.79.22', cidrs[1]!)
    const agent = await hosts[1]!.agent(cidrs[1]!, {}, { identity: { nodeName: names[1]!, nodeIP: '192.168.79.22', clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local' } }) // prettier-ignore
    agents[1] = agent
    for (const other of [0, 2]) await agent.put('nodes', toNodes(other))
    for (const each of agents) await each.put('nodes', moved)
    for (const other of [0, 2])
      await eventually(() => {
        expect(tcp(pods[other]!, ips[1]!, 8080)).toEqual([`${names[1]!} ${ips[other]!}`])
        expect(tcp(pods[1]!, ips[other]!, 8080)).toEqual([`${names[other]!} ${ips[1]!}`])
        return true
      })
    expect(hosts[0]!.run('ip', 'route')).toContain('10.244.2.0/24 via 192.168.79.22 dev eth0')
    move('192.168.79.22', '192.168.79.2')
  })

  it('are left as they were', async () => {
    for (const [i, agent] of agents.entries()) {
      await agent.call({ do: 'cleanUp' })
      await agent.exited
      expect(hosts[i]!.picture()).toBe(before[i])
    }
  })
})
