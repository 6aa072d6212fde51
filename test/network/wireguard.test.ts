// Traffic between nodes that is encrypted: real tunnels between two nodes, and a third that knows nothing of them.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wireguardConditions } from '../../src/agent/kubelet/node/conditions.ts'
import type { Peer } from '../../src/agent/network/node-routes.ts'
import { peersWithOwnKeys } from '../../src/agent/network/wireguard/encrypted-routes.ts'
import { DirectTrials } from '../../src/agent/network/wireguard/direct-trials.ts'
import { configuration } from '../../src/agent/network/wireguard/configuration.ts'
import { formatIdentity, parseIdentity, WIREGUARD_ANNOTATION } from '../../src/agent/network/wireguard/identity.ts'
import { ownKey } from '../../src/agent/network/wireguard/key.ts'
import type { WireguardState } from '../../src/agent/network/contract.ts'
import { tryWays } from '../../src/main/provisioning/preflight/ways.ts'
import type { RunOptions } from '../../src/main/provisioning/ssh/run-script.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { cut, heal } from './lab/cut.ts'
import { type Agent, eventually, type Host, isDropped, Lab, namesIn, type Pod, serve, sh, tcp, udp } from './lab/lab.ts'
import { node, service, slice } from './lab/objects.ts'

const PUBLIC_KEY = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg='

describe('the key of a node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-wireguard-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'key')

  it('is one that wg agrees with, stays, and is for root alone', () => {
    const { privateKey, publicKey } = ownKey(path)
    expect(sh(['wg', 'pubkey'], privateKey).trim()).toBe(publicKey)
    expect(ownKey(path)).toEqual({ privateKey, publicKey })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })
  it.each(['', '"AAAA"', 'nonsense', '{}'])('is made anew where its file holds %j', text => {
    writeFileSync(path, text)
    const { privateKey } = ownKey(path)
    expect(readFileSync(path, 'utf8')).toBe(JSON.stringify(privateKey))
  })
})

describe('what a node tells of its tunnel', () => {
  it('is read as it was written', () => {
    const identity = { publicKey: PUBLIC_KEY, port: 8476 }
    expect(parseIdentity(formatIdentity(identity))).toEqual(identity)
  })
  it.each([
    undefined,
    '',
    'null',
    '[]',
    `{"publicKey":"${PUBLIC_KEY}"}`,
    `{"publicKey":"${PUBLIC_KEY}","port":0}`,
    `{"publicKey":"${PUBLIC_KEY}","port":"8476"}`,
    `{"publicKey":"${PUBLIC_KEY}\\nAllowedIPs = 0.0.0.0/0","port":8476}`,
    `{"publicKey":"${PUBLIC_KEY.slice(1)}","port":8476}`,
  ])('counts as nothing when it is %j', text => expect(parseIdentity(text)).toBeUndefined())

  it('becomes a configuration in which each node may only send from its own pods', () => {
    const peer = {
      nodeName: 'node2',
      nodeIP: '192.0.2.2',
      podCIDR: '10.244.2.0/24',
      ipv6: { podCIDR: 'fd00:10:244:2::/64', nodeIP: undefined },
      wireguard: { publicKey: PUBLIC_KEY, port: 9999 },
    }
    const first = { ...peer, nodeName: 'node1', nodeIP: '192.0.2.1', podCIDR: '10.244.1.0/24' }
    const own = { privateKey: 'own', port: 8476 }
    expect(configuration(own, [peer, first], true)).toBe(`[Interface]
PrivateKey = own
ListenPort = 8476

[Peer]
PublicKey = ${PUBLIC_KEY}
Endpoint = 192.0.2.1:9999
AllowedIPs = 10.244.1.0/24, fd00:10:244:2::/64
PersistentKeepalive = 25

[Peer]
PublicKey = ${PUBLIC_KEY}
Endpoint = 192.0.2.2:9999
AllowedIPs = 10.244.2.0/24, fd00:10:244:2::/64
PersistentKeepalive = 25
`)
    expect(configuration(own, [peer], false)).toContain('AllowedIPs = 10.244.2.0/24\n')
  })
})

describe('a key that two nodes tell', () => {
  const peer = (nodeName: string, since: string, publicKey = PUBLIC_KEY) =>
    ({ nodeName, since, nodeIP: '192.0.2.2', podCIDR: '10.244.2.0/24', wireguard: { publicKey, port: 8476 } }) // prettier-ignore
  const names = (ownKey: string, ...peers: Peer[]) => peersWithOwnKeys(peers, ownKey).map(({ nodeName }) => nodeName)
  const other = 'A'.repeat(43) + '='

  it('is that of the node that was there first, whatever the names', () => {
    const [first, second] = [peer('node9', '2026-01-01T00:00:00Z'), peer('node1', '2026-01-01T00:00:01Z')]
    expect(names('own', first, second)).toEqual(['node9'])
    expect(names('own', second, first)).toEqual(['node9'])
    expect(names('own', second, first, peer('node2', '2026-01-02T00:00:00Z', other))).toEqual(['node9', 'node2'])
    expect(names('own', second)).toEqual(['node1'])
  })
  it("is no other node's where it is this node's", () => expect(names(other, peer('node1', '', other))).toEqual([]))
})

describe('the condition WireGuard', () => {
  const state = { annotation: '', withoutKey: [] }
  it('holds while every node has told a key, and names those that have not', () => {
    expect(wireguardConditions(state, false)).toMatchObject([{ type: 'WireGuard', status: 'True' }])
    expect(wireguardConditions({ ...state, withoutKey: ['a', 'b'] }, true)).toMatchObject([
      { status: 'False', reason: 'NodesWithoutKey', message: 'pods of a, b are not reached: these nodes have told no WireGuard key of their own' }, // prettier-ignore
    ])
  })
  it('is told of nodes that do not encrypt only after they did', () => {
    expect(wireguardConditions(undefined, false)).toEqual([])
    expect(wireguardConditions(undefined, true)).toMatchObject([{ status: 'False', reason: 'NotInUse' }])
  })
})

describe('the way to a node that is relayed', () => {
  const target = { nodeIP: '192.168.87.2', podCIDR: '10.244.2.0/24', isTunnelled: false }
  function trials() {
    const clock = new ManualClock()
    const now = { hasOpened: true, answers: false }
    const done: string[] = []
    const reach = new DirectTrials({
      probe: { reaches: () => Promise.resolve(done.push('asked') > 0 && now.answers) },
      relay: { hasOpened: () => now.hasOpened },
      carrier: { hold: (_name, isHeld) => void done.push(isHeld ? 'held' : 'let in') },
      routes: { aim: (_name, way) => Promise.resolve(void done.push(way)) },
      clock,
    })
    const look = async () => [await reach.reaches('node2', target, () => undefined), ...done.splice(0)]
    return { clock, now, look }
  }

  it('is tried now and then, with nothing let in from the relay, and led over that again when nobody answers', async () => {
    const { clock, look } = trials()
    expect(await look()).toEqual([false])
    await clock.advance(19_000)
    expect(await look()).toEqual([false])
    await clock.advance(1_000)
    expect(await look()).toEqual([false, 'held', 'direct', 'asked', 'relay', 'let in'])
    await clock.advance(19_000)
    expect(await look()).toEqual([false])
  })

  it('stays direct once somebody answers, and is asked at every look until the relay ends', async () => {
    const { clock, now, look } = trials()
    await look()
    await clock.advance(20_000)
    now.answers = true
    for (let i = 0; i < 3; i++) {
      expect(await look()).toEqual([true, 'held', 'direct', 'asked'])
      await clock.advance(2_000)
    }
    now.hasOpened = false
    expect(await look()).toEqual([true, 'let in', 'asked'])
  })

  it('has its time again after it was relayed anew', async () => {
    const { clock, now, look } = trials()
    await look()
    await clock.advance(20_000)
    now.hasOpened = false
    await look()
    now.hasOpened = true
    expect(await look()).toEqual([false])
  })
})

describe('nodes that encrypt', { timeout: 60_000 }, () => {
  const names = ['node1', 'node2', 'node3']
  const nodeIPs = ['192.168.87.1', '192.168.87.2', '192.168.87.3']
  const cidrs = ['10.244.1.0/24', '10.244.2.0/24', '10.244.3.0/24']
  const cidrs6 = ['fd00:10:244:1::/64', 'fd00:10:244:2::/64', 'fd00:10:244:3::/64']
  const RANGES = { clusterCIDR: 'fd00:10:244::/48', serviceCIDR: 'fd00:10:96::/112', clusterDNS: 'fd00:10:96::a' }
  let lab: Lab
  const hosts: Host[] = []
  const agents: Agent[] = []
  const pods: Pod[] = []
  const ips: string[] = []
  const ips6: string[] = []
  const before: string[] = []

  const state = async (index: number) => (await agents[index]!.call({ do: 'wireguard' })) as WireguardState
  const objectOf = (index: number, annotation: string | undefined) => {
    const { metadata, spec, ...rest } = node(names[index]!, nodeIPs[index]!, cidrs[index]!)
    const annotations = annotation ? { [WIREGUARD_ANNOTATION]: annotation } : {}
    return {
      ...rest,
      metadata: { ...metadata, annotations },
      spec: { ...spec, podCIDRs: [cidrs[index]!, cidrs6[index]!] },
    }
  }
  const start = async (index: number, offline = false) => {
    const network = {
      ...(index < 2 && { backend: 'wireguard' as const }),
      ipv6: { ...RANGES, podCIDR: cidrs6[index]! },
    }
    agents[index] = await hosts[index]!.agent(
      cidrs[index]!,
      { offline, ...(index < 2 && { relayFolder: lab.folder }) },
      network,
    )
  }
  /** Tells every node of this one, as its Node object does. */
  const announce = async (index: number) => {
    const annotation = index < 2 ? (await state(index)).annotation : undefined
    for (const agent of agents) await agent.put('nodes', objectOf(index, annotation))
  }
  /** Packets that came to the second node's own link so far: in the tunnel, and of pods as they are. */
  const arrived = () => {
    const text = hosts[1]!.run('nft', 'list', 'chain', 'inet', 'wire', 'in')
    const [tunnel = 0, plain = 0, plain6 = 0] = [...text.matchAll(/packets (\d+)/g)].map(match => Number(match[1]))
    return { tunnel, plain: plain + plain6 }
  }
  /** @returns how many packets of that address have come to the pod since */
  const packetsAt = (pod: Pod, from: string) => {
    pod.run(
      'nft',
      `table inet wire { chain in { type filter hook prerouting priority 0; ip saddr ${from} counter; }; }`,
    )
    return () => Number(/packets (\d+)/.exec(pod.run('nft', 'list', 'table', 'inet', 'wire'))![1])
  }

  beforeAll(async () => {
    lab = new Lab()
    for (const [i, name] of names.entries()) hosts.push(lab.host(name, `${nodeIPs[i]!}/24`))
    // A firewall that lets in answers only, and one that counts what comes over the wire.
    hosts[1]!.run(
      'nft',
      'add table inet mine; add chain inet mine in { type filter hook input priority 0; policy drop; }; add rule inet mine in iif lo accept; add rule inet mine in ct state established,related accept',
    )
    hosts[1]!.run('nft', `table inet wire {
      chain in {
        type filter hook prerouting priority -400;
        iifname "eth0" udp dport 8476 counter
        iifname "eth0" ip saddr 10.244.0.0/16 counter
        iifname "eth0" ip6 saddr fd00:10:244::/48 counter
      }
    }`) // prettier-ignore
    before.push(...hosts.map(host => host.picture()))
    await Promise.all([...names.keys()].map(index => start(index)))
    for (const index of names.keys()) await announce(index)
    for (const [i, agent] of agents.entries()) {
      const pod = await lab.pod()
      pods.push(pod)
      ips.push(await agent.setUp(pod))
      ips6.push(((await agent.call({ do: 'addressesOf', podUid: pod.uid })) as { ips: string[] }).ips[1]!)
      await serve(pod, names[i]!, 8080)
    }
    await eventually(() => namesIn(tcp(pods[0]!, ips[1]!, 8080)).join() === 'node2', 30_000)
  }, 120_000)
  afterAll(() => lab.end())

  it('carry TCP and UDP of both families, each pod seen with its own address, and none of it as it is', () => {
    const earlier = arrived()
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      expect(tcp(pods[from]!, ips[to]!, 8080)).toEqual([`${names[to]!} ${ips[from]!}`])
      expect(udp(pods[from]!, ips[to]!, 8080)).toEqual([`${names[to]!} ${ips[from]!}`])
      expect(tcp(pods[from]!, ips6[to]!, 8080)).toEqual([`${names[to]!} ${ips6[from]!}`])
      expect(namesIn(tcp(hosts[from]!, ips[to]!, 8080))).toEqual([names[to]])
    }
    const now = arrived()
    expect(now.tunnel).toBeGreaterThan(earlier.tunnel + 20)
    expect(now.plain).toBe(0)
  })

  it('carry Services and big transfers', async () => {
    const web = service('web', { clusterIP: '10.96.0.50', ports: [{ port: 80, protocol: 'TCP' }] })
    await agents[0]!.put('services', web)
    await agents[0]!.put('endpointslices', slice('web', [{ ip: ips[1]!, nodeName: 'node2' }]))
    await eventually(() => namesIn(tcp(pods[0]!, '10.96.0.50', 80)).join() === 'node2')
    const script =
      "require('http').createServer((q, r) => r.end(Buffer.alloc(3e6))).listen(8081, () => console.log('up'))"
    const server = pods[1]!.spawn(process.execPath, '-e', script)
    await new Promise(resolve => server.stdout!.once('data', resolve))
    const args = ['-s', '-m', '20', '-o', '/dev/null', '-w', '%{size_download}', `http://${ips[1]!}:8081/`]
    expect(pods[0]!.run('curl', ...args)).toBe('3000000')
    const [link] = JSON.parse(hosts[0]!.run('ip', '-j', 'link', 'show', 'flotilla-wg')) as { mtu: number }[]
    expect(link!.mtu).toBe(1420)
  })

  it(
    'tell with a host that is to join whether packets to the port of their tunnel arrive, either way',
    { timeout: 240_000 },
    async () => {
      const stranger = lab.host('stranger', '192.168.87.9/24')
      const run = async (script: string, { input, onOutput }: RunOptions) => {
        const child = stranger.spawn('sh', '-c', script)
        const chunks: string[] = []
        child.stdout!.on('data', (chunk: Buffer) => {
          chunks.push(String(chunk))
          onOutput?.(String(chunk))
        })
        ;(input as Readable).pipe(child.stdin!)
        const [code] = (await once(child, 'close')) as [number]
        return { code, stdout: chunks.join(''), stderr: '' }
      }
      const asked: string[] = []
      const raw = async (_method: string, path: string) => {
        const from = decodeURIComponent(path.split('from=')[1]!)
        asked.push(from)
        return { arrived: await agents[1]!.call({ do: 'arrivals', from }) }
      }
      const { signal } = new AbortController()
      /** Agents that were too slow to answer are asked again. */
      const ways = () =>
        eventually(async () => {
          const options = { client: { raw }, clock: systemClock, ssh: { run }, port: 8476, signal } as unknown as Parameters<typeof tryWays>[0] // prettier-ignore
          const found = (await tryWays(options, [{ name: 'node2', address: nodeIPs[1]! }])).get('node2')
          return found?.there === undefined ? undefined : found
        }, 60_000)
      expect(await ways()).toEqual({ there: true, back: true })
      expect(new Set(asked)).toEqual(new Set(['192.168.87.9']))
      stranger.run('nft', 'add table ip lab; add chain ip lab out { type filter hook output priority 0; }; add rule ip lab out udp dport 8476 drop') // prettier-ignore
      expect(await ways()).toEqual({ there: false, back: true })
      const [, handle = ''] = /udp dport 8476 drop # handle (\d+)/.exec(stranger.run('nft', '-a', 'list', 'table', 'ip', 'lab'))! // prettier-ignore
      stranger.run('nft', 'delete', 'rule', 'ip', 'lab', 'out', 'handle', handle)
      hosts[1]!.run('nft', 'add table ip lab; add chain ip lab out { type filter hook output priority 0; }; add rule ip lab out ip daddr 192.168.87.9 udp dport 8476 drop') // prettier-ignore
      expect(await ways()).toEqual({ there: true, back: false })
      hosts[1]!.run('nft', 'delete', 'table', 'ip', 'lab')
    },
  )

  it('are relayed where their tunnel does not get through, as encrypted as in it, until it does again', async () => {
    const relayed = () => Promise.all([0, 1].map(index => agents[index]!.call({ do: 'relayed' })))
    const endpoint = (index: number) =>
      hosts[index]!.run('wg', 'show', 'flotilla-wg', 'endpoints').trim().split('\t')[1]
    const everyWay = () => {
      for (const [from, to] of [
        [0, 1],
        [1, 0],
      ] as const) {
        expect(tcp(pods[from]!, ips[to]!, 8080)).toEqual([`${names[to]!} ${ips[from]!}`])
        expect(udp(pods[from]!, ips[to]!, 8080)).toEqual([`${names[to]!} ${ips[from]!}`])
        expect(tcp(pods[from]!, ips6[to]!, 8080)).toEqual([`${names[to]!} ${ips6[from]!}`])
      }
      return true
    }
    expect(await relayed()).toEqual([[], []])
    cut(hosts[0]!, hosts[1]!)
    await eventually(async () => expect(await relayed()).toEqual([['node2'], ['node1']]) ?? true, 40_000)
    await eventually(everyWay, 20_000)
    // What the tunnel sends is what the relay carries.
    for (const index of [0, 1]) expect(endpoint(index)).toMatch(/^127\.0\.0\.1:/)
    expect(arrived().plain).toBe(0)
    for (const index of [0, 1]) heal(hosts[index]!)
    await eventually(async () => expect(await relayed()).toEqual([[], []]) ?? true, 60_000)
    await eventually(everyWay, 20_000)
    await eventually(() => [0, 1].every(index => endpoint(index) === `${nodeIPs[1 - index]!}:8476`), 20_000)
  }, 150_000)

  it('neither reach nor hear a node that has told no key, whatever routes there are', async () => {
    expect((await state(0)).withoutKey).toEqual(['node3'])
    expect(namesIn(tcp(pods[0]!, ips[2]!, 8080))[0]).toMatch(/UNREACH/)
    const [ownPod, otherPod] = [pods[1]!, pods[2]!]
    const [sentTo, heardBy] = [packetsAt(otherPod, ips[1]!), packetsAt(ownPod, ips[2]!)]
    hosts[1]!.run('ip', 'route', 'add', cidrs[2]!, 'via', nodeIPs[2]!)
    expect(isDropped(ownPod, ips[2]!, 8080)).toBe(true)
    expect(sentTo()).toBe(0)
    hosts[1]!.run('ip', 'route', 'delete', cidrs[2]!)
    expect(isDropped(otherPod, ips[1]!, 8080, 'udp')).toBe(true)
    expect(arrived().plain).toBeGreaterThan(0)
    expect(heardBy()).toBe(0)
  })

  it('follow a node whose key was lost, start without the API server, and put back what somebody takes away', async () => {
    const earlier = (await state(1)).annotation
    hosts[0]!.run('ip', 'link', 'delete', 'flotilla-wg')
    await agents[1]!.stop()
    rmSync(join(hosts[1]!.stateDir, 'wireguard.key'))
    await start(1, true)
    expect((await state(1)).annotation).not.toBe(earlier)
    expect(parseIdentity((await state(1)).annotation)).toBeDefined()
    await agents[0]!.put('nodes', objectOf(1, (await state(1)).annotation))
    await eventually(() => namesIn(tcp(pods[0]!, ips[1]!, 8080)).join() === 'node2', 30_000)
    expect(namesIn(tcp(pods[1]!, ips[0]!, 8080))).toEqual(['node1'])
  })

  it('go back to the clear only when they are told to', async () => {
    await agents[0]!.stop()
    agents[0] = await hosts[0]!.agent(cidrs[0]!, {}, { ipv6: { ...RANGES, podCIDR: cidrs6[0]! } })
    for (const index of [1, 2]) await agents[0].put('nodes', objectOf(index, undefined))
    await eventually(() => namesIn(tcp(pods[0]!, ips[2]!, 8080)).join() === 'node3')
    expect(hosts[0]!.run('ip', 'link')).not.toContain('flotilla-wg')
    expect(await agents[0].call({ do: 'wireguard' })).toBeUndefined()
  })

  it('are left as they were', async () => {
    for (const [i, agent] of agents.entries()) {
      await agent.call({ do: 'cleanUp' })
      await agent.exited
      expect(hosts[i]!.picture()).toBe(before[i])
    }
  })
})
