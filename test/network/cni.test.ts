// CNI plugins instead of our own pod links: Debian's, and one that writes down what it is asked.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICE_LINK } from '../../src/shared/machinery/node-network.ts'
import { podLinkName } from '../../src/agent/network/names.ts'
import { CniRecorder } from './lab/cni-recorder.ts'
import { type Agent, eventually, type Host, Lab, namesIn, type Pod, serve, tcp, udp } from './lab/lab.ts'
import { node, service, slice } from './lab/objects.ts'

const CIDRS = ['10.244.1.0/24', '10.244.2.0/24']
const IPS = ['192.168.87.1', '192.168.87.2']
const NAMES = ['node1', 'node2']

describe('CNI plugins that a configuration names', () => {
  let lab: Lab
  let before = ''
  let recorder: CniRecorder
  const hosts: Host[] = []
  const agents: Agent[] = []
  const pods: Pod[] = []
  const ips: string[] = []
  const leases = () => readdirSync(join(lab.folder, 'leases-node1', 'pods')).filter(name => name.startsWith('10.244.'))
  const links = () => hosts[0]!.run('ip', '-o', 'link', 'show', 'type', 'veth').match(/veth\w+/g) ?? []
  const configure = (index: number, file: string, content: unknown) =>
    writeFileSync(join(hosts[index]!.cniConfDir, file), typeof content === 'string' ? content : JSON.stringify(content))
  const remove = (file: string) => rmSync(join(hosts[0]!.cniConfDir, file))
  const putNodes = async (agent: Agent) => {
    for (const [i, name] of NAMES.entries()) await agent.put('nodes', node(name, IPS[i]!, CIDRS[i]!))
  }
  const picture = () =>
    [['link'], ['address'], ['route', 'show', 'table', 'all']].map(what => hosts[0]!.run('ip', '-o', ...what))

  beforeAll(async () => {
    lab = new Lab()
    for (const [i, name] of NAMES.entries()) {
      const host = lab.host(name, `${IPS[i]!}/24`)
      hosts.push(host)
      const ipam = { type: 'host-local', dataDir: join(lab.folder, `leases-${name}`), routes: [{ dst: '0.0.0.0/0' }] }
      configure(i, '10-pods.conflist', {
        cniVersion: '1.0.0',
        name: 'pods',
        plugins: [
          { type: 'ptp', capabilities: { ipRanges: true }, ipam },
          { type: 'portmap', capabilities: { portMappings: true } },
          { type: 'tuning', sysctl: { 'net.core.somaxconn': '321' } },
          i === 0
            ? { type: 'recorder', capabilities: { bandwidth: true, portMappings: true } }
            : { type: 'bandwidth', capabilities: { bandwidth: true } },
        ],
      })
    }
    recorder = new CniRecorder(hosts[0]!)
    before = picture().join()
    for (const [i, host] of hosts.entries()) agents.push(await host.agent(CIDRS[i]!))
    for (const agent of agents) await putNodes(agent)
    // Two on the first node, one on the second.
    for (const [i, name] of ['A', 'B', 'C'].entries()) {
      const pod = await lab.pod()
      pods.push(pod)
      const hostPorts = i === 0 ? [{ hostPort: 8088, containerPort: 8080, protocol: 'TCP' as const }] : []
      const bandwidth = i === 1 ? {} : { ingress: 5_000_000 }
      ips.push(await agents[i === 2 ? 1 : 0]!.setUp(pod, { name, hostPorts, bandwidth }))
      if (i === 0) await agents[0]!.call({ do: 'hostPorts', podUid: pod.uid, podIPs: [ips[0]!], ports: hostPorts })
      await serve(pod, name, 8080)
    }
    for (const agent of agents) {
      await agent.put('services', service('web', { clusterIP: '10.96.0.50', ports: [{ port: 80, protocol: 'TCP' }] }))
      const endpoints = ips.map((ip, i) => ({ ip, nodeName: NAMES[i === 2 ? 1 : 0]! }))
      await agent.put('endpointslices', slice('web', endpoints))
    }
    for (const pod of [pods[0]!, pods[2]!]) await eventually(() => namesIn(tcp(pod, '10.96.0.50', 80, 20)).length === 3)
  })
  afterAll(() => lab.end())

  it('connect pods with each other, with nodes, and to Services and DNS, on one node and across', () => {
    expect(ips.map(ip => ip.replace(/\d+$/, ''))).toEqual(['10.244.1.', '10.244.1.', '10.244.2.'])
    expect(links()).toHaveLength(2)
    expect(hosts[0]!.run('ip', '-o', 'link')).not.toContain('flo-')
    for (const [from, to, name] of [[0, 1, 'B'], [0, 2, 'C'], [2, 1, 'B']] as const) {
      expect(tcp(pods[from]!, ips[to]!, 8080)).toEqual([`${name} ${ips[from]!}`])
      expect(udp(pods[from]!, ips[to]!, 8080)).toEqual([`${name} ${ips[from]!}`])
    } // prettier-ignore
    expect(namesIn(tcp(hosts[0]!, ips[2]!, 8080))).toEqual(['C'])
    expect(namesIn(tcp(pods[2]!, '10.96.0.50', 80, 20))).toEqual(['A', 'B', 'C'])
    const answer = pods[1]!.run('dig', '+short', '@10.96.0.10', 'web.default.svc.cluster.local')
    expect(answer.trim()).toBe('10.96.0.50')
    expect(pods[1]!.run('cat', '/proc/sys/net/core/somaxconn').trim()).toBe('321')
  })

  it('lead host ports themselves', () => {
    expect(namesIn(tcp(hosts[1]!, IPS[0]!, 8088))).toEqual(['A'])
    expect(hosts[0]!.run('nft', 'list', 'map', 'ip', 'flotilla', 'hostports')).not.toContain('8088')
  })

  it('limit the bandwidth of pods that ask for it', () => {
    expect(hosts[1]!.run('tc', 'qdisc', 'show').match(/tbf .*rate \w+/g)).toEqual([
      expect.stringMatching(/rate 5Mbit$/),
    ])
  })

  it('are told the pod, what was made before them, and what they ask for', () => {
    const [first, second] = recorder.take()
    expect(first).toMatchObject({ command: 'ADD', id: `box-${pods[0]!.pid}`, netns: expect.stringMatching(/^\/run\/flotilla\/netns\//) }) // prettier-ignore
    expect(first!.args).toBe(
      `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=A;K8S_POD_INFRA_CONTAINER_ID=box-${pods[0]!.pid};K8S_POD_UID=${pods[0]!.uid}`,
    )
    expect(first!.input).toMatchObject({
      name: 'pods',
      cniVersion: '1.0.0',
      prevResult: { ips: [{ address: `${ips[0]!}/24` }] },
      runtimeConfig: {
        bandwidth: { ingressRate: 5_000_000, ingressBurst: 2 ** 31 - 1 },
        portMappings: [{ hostPort: 8088, containerPort: 8080, protocol: 'tcp' }],
      },
    })
    expect(second!.input).not.toHaveProperty('runtimeConfig')
  })

  it('are asked to check what is there, and connect anew what is not whole', async () => {
    expect(await agents[0]!.setUp(pods[1]!)).toBe(ips[1])
    expect(recorder.take().map(({ command }) => command)).toEqual(['CHECK'])
    pods[1]!.run('ip', 'link', 'delete', 'eth0')
    ips[1] = await agents[0]!.setUp(pods[1]!)
    expect(recorder.take().map(({ command }) => command)).toEqual(['DEL', 'ADD'])
    expect(tcp(pods[0]!, ips[1]!, 8080)).toEqual([`B ${ips[0]!}`])
    expect(links()).toHaveLength(2)
    expect(leases()).toHaveLength(2)
  })

  it('disconnect a pod of before a restart, with the configuration of then, also when its sandbox is gone', async () => {
    await agents[0]!.stop()
    const [own] = readdirSync(hosts[0]!.cniConfDir)
    const content = readFileSync(join(hosts[0]!.cniConfDir, own!), 'utf8')
    remove(own!)
    agents[0] = await hosts[0]!.agent(CIDRS[0]!)
    expect(await agents[0]!.call({ do: 'addressesOf', podUid: pods[1]!.uid })).toEqual({ ips: [ips[1]] })
    pods[1]!.end()
    await eventually(() => !existsSync(`/proc/${pods[1]!.pid}/ns/net`))
    await agents[0]!.call({ do: 'tearDown', podUid: pods[1]!.uid })
    const [call] = recorder.take()
    expect(call).toMatchObject({ command: 'DEL', netns: '', input: { prevResult: { ips: [{ address: `${ips[1]!}/24` }] } } }) // prettier-ignore
    expect(leases()).toEqual([ips[0]])

    // Without a configuration pods have our own links.
    const plain = await lab.pod()
    await agents[0]!.setUp(plain)
    expect(hosts[0]!.run('ip', '-o', 'link')).toContain('flo-')
    await agents[0]!.call({ do: 'tearDown', podUid: plain.uid })
    configure(0, own!, content)
  })

  it('leave nothing behind when one of them fails, which is told', async () => {
    recorder.fail('ADD', 'no more wires')
    const pod = await lab.pod()
    await expect(agents[0]!.setUp(pod)).rejects.toThrow(
      `failed to setup network for sandbox "box-${pod.pid}": plugin type="recorder" failed (add): no more wires`,
    )
    recorder.mend('ADD')
    expect(recorder.take().map(({ command }) => command)).toEqual(['ADD', 'DEL'])
    expect(await agents[0]!.call({ do: 'addressesOf', podUid: pod.uid })).toBeUndefined()
    expect(leases()).toEqual([ips[0]])
    expect(links()).toHaveLength(1)
    expect(pod.run('ip', '-o', 'link')).not.toContain('eth0')
  })

  it('try again to disconnect what one of them failed to', async () => {
    const pod = await lab.pod()
    await agents[0]!.setUp(pod)
    recorder.fail('DEL', 'stuck')
    const tearDown = () => agents[0]!.call({ do: 'tearDown', podUid: pod.uid })
    await expect(tearDown()).rejects.toThrow(
      `failed to destroy network for sandbox "box-${pod.pid}": plugin type="recorder" failed (delete): stuck`,
    )
    recorder.mend('DEL')
    await tearDown()
    await tearDown()
    expect(recorder.take().map(({ command }) => command)).toEqual(['ADD', 'DEL', 'DEL'])
    expect(leases()).toEqual([ips[0]])
  })

  it('are not called while they cannot do what the first configuration says', async () => {
    const pod = await lab.pod()
    const cases: [content: unknown, problem: string][] = [
      ['{', '00.conflist: '],
      [{ name: 'x', cniVersion: '1.0.0', plugins: [] }, '00.conflist: plugins: no plugins'],
      [{ name: 'x', cniVersion: '9.0.0', plugins: [{ type: 'ptp' }] }, '00.conflist: cniVersion: the CNI version "9.0.0" is not known'], // prettier-ignore
      [{ name: 'x', cniVersion: '1.0.0', plugins: [{ type: 'missing' }] }, 'failed to find plugin "missing" in path ['],
      [{ name: 'x', cniVersion: '1.1.0', plugins: [{ type: 'ptp' }] }, 'plugin ptp does not support config version "1.1.0"'], // prettier-ignore
      [{ name: 'x', cniVersion: '1.0.0', plugins: [{ type: '../ptp' }] }, '00.conflist: plugins.0.type: no name of a plugin'], // prettier-ignore
    ]
    for (const [content, problem] of cases) {
      configure(0, '00.conflist', content)
      await expect(agents[0]!.setUp(pod)).rejects.toThrow(problem)
      expect(await agents[0]!.call({ do: 'problem' })).toMatch(
        /^container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: /,
      )
    }
    recorder.fail('STATUS', 'the daemon is not there yet')
    configure(0, '00.conflist', { name: 'x', cniVersion: '1.1.0', plugins: [{ type: 'recorder' }] })
    await expect(agents[0]!.setUp(pod)).rejects.toThrow('plugin type="recorder" failed (status): the daemon is not')
    recorder.mend('STATUS')
    // The agent looks by itself.
    await eventually(async () => (await agents[0]!.call({ do: 'problem' })) === undefined, 20_000)
    remove('00.conflist')
    expect(recorder.take().filter(({ command }) => command !== 'STATUS')).toEqual([])
  })

  it('that give no answer hold up nothing of the rest of the network', async () => {
    const dns = () => hosts[0]!.run('ip', '-o', 'address', 'show', 'dev', SERVICE_LINK).includes('10.96.0.10/32')
    recorder.hang('STATUS')
    configure(0, '00.conflist', { name: 'x', cniVersion: '1.1.0', plugins: [{ type: 'recorder' }] })
    await eventually(() => recorder.take().some(({ command }) => command === 'STATUS'), 20_000)
    hosts[0]!.run('ip', 'address', 'delete', '10.96.0.10/32', 'dev', SERVICE_LINK)
    await agents[0]!.put('nodes', node('node4', '192.168.87.4', '10.244.4.0/24'))
    await eventually(dns)
    expect(recorder.take()).toEqual([])
    recorder.mend('STATUS')
    remove('00.conflist')
  })

  it('collect what belongs to no pod any more', async () => {
    const gone = await lab.pod()
    await agents[0]!.setUp(gone)
    expect(leases()).toHaveLength(2)
    recorder.take()
    configure(0, '00.conflist', { name: 'x', cniVersion: '1.1.0', plugins: [{ type: 'recorder' }] })
    await eventually(() => recorder.take().some(({ command }) => command === 'STATUS'), 20_000)
    await agents[0]!.call({ do: 'retain', podUids: [pods[0]!.uid] })
    expect(leases()).toEqual([ips[0]])
    const calls = recorder.take().filter(({ command }) => command !== 'STATUS')
    expect(calls.map(({ command }) => command)).toEqual(['DEL', 'GC'])
    expect(calls[1]!.input['cni.dev/valid-attachments']).toEqual([
      { containerID: `box-${pods[0]!.pid}`, ifname: 'eth0' },
    ])
    remove('00.conflist')
  })

  it('leave nodes to programs that have routes to their pods', async () => {
    const route = () => hosts[0]!.run('ip', 'route', 'show', CIDRS[1]!).trim()
    await putNodes(agents[0]!)
    await eventually(() => route().includes('proto 117'))
    hosts[0]!.run('ip', 'route', 'replace', CIDRS[1]!, 'via', IPS[1]!, 'dev', 'eth0', 'proto', 'static')
    await agents[0]!.put('nodes', node('node3', '192.168.87.3', '10.244.3.0/24'))
    await eventually(() => hosts[0]!.run('ip', 'route', 'show', '10.244.3.0/24').includes('proto 117'))
    expect(route()).toContain('proto static')
    hosts[0]!.run('ip', 'route', 'delete', CIDRS[1]!)
  })

  it('disconnect every pod of a node that leaves', async () => {
    for (const agent of agents) {
      await agent.call({ do: 'cleanUp' })
      await agent.exited
    }
    expect(leases()).toEqual([])
    for (const { uid } of pods) expect(existsSync(join('/run/flotilla/netns', podLinkName(uid)))).toBe(false)
    expect(picture().join()).toBe(before)
  })
})
