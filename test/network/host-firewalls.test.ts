// firewalld and ufw themselves on hosts: what they drop by default is let through for pods, also after a reload, and
// they are left as they were.
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { firewallEnvironment, startFirewalld, startUfw, unpackFirewalls } from './lab/host-firewalls.ts'
import { type Agent, eventually, type Host, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts'
import { node, service, slice } from './lab/objects.ts'

describe('hosts with firewalld, with ufw, and with neither', { timeout: 180_000 }, () => {
  let lab: Lab
  let ufw: (...args: string[]) => string
  const hosts: Host[] = []
  const agents: Agent[] = []
  const pods: Pod[] = []
  const ips: string[] = []
  const before: string[] = []
  const names = ['firewalld', 'ufw', 'open']
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
    for (const host of hosts) before.push(host.picture())
    for (const i of each) {
      const agent = await hosts[i]!.agent(cidrs[i]!)
      agents.push(agent)
      for (const other of each) await agent.put('nodes', node(names[other]!, nodeIPs[other]!, cidrs[other]!))
      const pod = await lab.pod()
      pods.push(pod)
      ips.push(await agent.setUp(pod))
      await serve(pod, names[i]!, 8080)
    }
    const ports = ['TCP', 'UDP'].map(protocol => ({ name: protocol.toLowerCase(), port: 80, protocol, nodePort: 30_080 })) // prettier-ignore
    const endpoints = ips.map((ip, i) => ({ ip, nodeName: names[i]! }))
    const targets = ['TCP', 'UDP'].map(protocol => ({ name: protocol.toLowerCase(), port: 8080, protocol }))
    for (const agent of agents) {
      await agent.put('services', service('web', { type: 'NodePort', clusterIP: '10.96.0.50', ports }))
      await agent.put('endpointslices', slice('web', endpoints, targets))
    }
  }, 120_000)
  afterAll(() => lab?.end())

  const outside = (): Host => lab.host('outside', '192.168.89.9/24')
  /** Every pair of pods, Services from pods and hosts, over both protocols. */
  const allIsWell = () =>
    eventually(() => {
      for (const i of each) {
        for (const j of each) {
          if (i === j) continue
          expect(tcp(pods[i]!, ips[j]!, 8080)).toEqual([`${names[j]!} ${ips[i]!}`])
          expect(udp(pods[i]!, ips[j]!, 8080)).toEqual([`${names[j]!} ${ips[i]!}`])
          expect(namesIn(tcp(hosts[i]!, ips[j]!, 8080))).toEqual([names[j]])
        }
        for (const from of [pods[i]!, hosts[i]!]) {
          expect(namesIn(tcp(from, '10.96.0.50', 80, 40))).toEqual([...names].sort())
          expect(names).toContain(namesIn(udp(from, '10.96.0.50', 80)).join())
        }
        expect(pods[i]!.run('dig', '+short', '+time=1', '+tries=1', '@10.96.0.10', 'web.default.svc.cluster.local').trim()).toBe('10.96.0.50') // prettier-ignore
      }
      return true
    }, 60_000)

  it('carry everything between pods, Services, nodes and names', allIsWell)

  it('let node ports in from outside', () => {
    const client = outside()
    for (const i of [0, 1]) {
      expect(namesIn(tcp(client, nodeIPs[i]!, 30_080, 40))).toEqual([...names].sort())
      expect(names).toContain(namesIn(udp(client, nodeIPs[i]!, 30_080)).join())
    }
  })

  it('are opened again after they were reloaded', async () => {
    hosts[0]!.run('firewall-cmd', '--reload')
    ufw('reload')
    await allIsWell()
    hosts[0]!.run('firewall-cmd', '--complete-reload')
    ufw('disable')
    ufw('--force', 'enable')
    await eventually(() => namesIn([...tcp(pods[0]!, ips[1]!, 8080), ...tcp(pods[1]!, ips[0]!, 8080)]).join() === 'firewalld,ufw', 20_000) // prettier-ignore
  })

  it('go on dropping what is not for pods', async () => {
    for (const i of [0, 1]) {
      await serve(hosts[i]!, 'private', 9_000)
      expect(tcp(hosts[2]!, nodeIPs[i]!, 9_000)).not.toEqual([expect.stringContaining('private')])
    }
  })

  it('are left as they were', async () => {
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
