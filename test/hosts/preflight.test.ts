// What is found on hosts, and what is said about it.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { HostText } from '../../src/shared/api/flotilla/v1.ts'
import { filledIn } from '../../src/shared/machinery/host-text.ts'
import type { ClusterFacts } from '../../src/main/provisioning/preflight/contract.ts'
import { RELAYED, relayedMessage, relayedNodes } from '../../src/shared/machinery/relayed.ts'
import { type Facts, parseFacts } from '../../src/main/provisioning/preflight/facts.ts'
import { FACTS_SCRIPT } from '../../src/main/provisioning/preflight/facts-script.ts'
import { unknownWays } from '../../src/main/provisioning/preflight/ways.ts'
import { preflight } from '../../src/main/provisioning/preflight/preflight.ts'

const good: Facts = {
  isRoot: true,
  os: { id: 'debian', like: [], version: '12', name: 'Debian GNU/Linux 12' },
  architecture: 'amd64',
  kernel: '6.1.0-18-amd64',
  hostname: 'box',
  machineID: 'a'.repeat(32),
  glibc: '2.36',
  systemd: '252',
  cgroupVersion: 2,
  cgroupControllers: new Set(['cpuset', 'cpu', 'io', 'memory', 'pids']),
  tools: new Set(['ip', 'nft', 'nsenter', 'conntrack', 'docker', 'apt-get', 'apparmor_parser']),
  nft: '1.0.6',
  docker: {
    version: '24.0.7',
    error: '',
    isRootless: false,
    isSnap: false,
    isPodman: false,
    isSwarm: false,
    firewallBackend: 'iptables',
    liveRestore: true,
  },
  diskFreeBytes: { '/': 50e9, '/var/lib': 50e9, '/opt': 50e9 },
  memoryBytes: 4e9,
  cpus: 2,
  swaps: 0,
  clockSkewMs: 12,
  timeSync: 'on',
  listening: ['0.0.0.0:22'],
  listeningUdp: [],
  routes: [{ cidr: '192.168.1.0/24', device: 'eth0' }],
  address: '192.168.1.5',
  subnet: { base: 0xc0a80100, bits: 24 },
  hasIPv4: true,
  mtu: 1500,
  ipForward: false,
  proxies: [],
  drops: [],
  selinuxEnforcing: false,
  apparmor: true,
  active: new Set(['docker']),
  kubernetes: [],
  flotilla: {
    isConfigured: false,
    caHash: '',
    configHash: '',
    unitHash: '',
    runtimes: [],
    bundles: [],
    currentBundle: '',
    currentRuntime: '',
    did: new Set(),
  },
  sshdForwarding: 'yes',
  reachable: [],
  unreachable: [],
  apiReachable: [],
  apiUnreachable: [],
}
const cluster: ClusterFacts = {
  clusterCIDRs: ['10.244.0.0/16', 'fd00:10:244::/48'],
  serviceCIDRs: ['10.96.0.0/16', 'fd00:10:96::/112'],
  networkBackend: 'auto',
  caHash: 'c',
  nodeName: 'box',
  nodes: [{ name: 'other', machineID: 'b'.repeat(32), address: '192.168.1.6', relayed: [] }],
  ways: new Map(),
  hosts: [{ name: 'second', machineID: 'e'.repeat(32), nodeName: 'second' }],
  apiPort: 16_443,
  bundle: 'abcd',
}
const withDnf = new Set([...good.tools, 'dnf'].filter(tool => !['docker', 'apt-get'].includes(tool)))
const without = (...tools: string[]) => new Set([...good.tools].filter(tool => !tools.includes(tool)))

test('a good host has nothing to say', () => {
  expect(preflight(good, cluster)).toEqual([])
})

describe('a finding says what, why and how', () => {
  test.each<[id: string, severity: string, what: string, facts: Partial<Facts>]>([
    ['system/architecture', 'Error', 'riscv64', { architecture: 'riscv64' }],
    ['system/kernel', 'Error', '4.19.0', { kernel: '4.19.0-8-amd64' }],
    ['system/libc', 'Error', 'does not use glibc', { glibc: '' }],
    ['system/libc', 'Error', 'glibc 2.27', { glibc: '2.27' }],
    ['system/systemd', 'Error', 'systemd', { systemd: '' }],
    ['system/privileges', 'Error', 'root', { isRoot: false }],
    ['system/cgroup', 'Error', 'No control groups', { cgroupVersion: undefined }],
    ['system/cgroup-controllers', 'Warning', 'memory', { cgroupControllers: new Set(['cpu', 'pids']) }],
    ['system/cgroup-v1', 'Info', 'version 1', { cgroupVersion: 1 }],
    ['system/apparmor', 'Info', 'apparmor_parser', { tools: without('apparmor_parser') }],
    ['system/disk', 'Error', '/var/lib has 0.1 GiB', { diskFreeBytes: { '/': 50e9, '/var/lib': 1e8, '/opt': 50e9 } }],
    ['system/memory', 'Warning', '0.5 GiB', { memoryBytes: 5e8 }],
    ['system/swap', 'Info', 'Swap is on', { swaps: 1 }],
    ['system/clock', 'Warning', '60 s ahead', { clockSkewMs: 60_000, timeSync: 'synced' }],
    ['system/clock', 'Error', '3600 s behind', { clockSkewMs: -3_600_000, timeSync: 'synced' }],
    ['system/clock', 'Info', '3600 s behind', { clockSkewMs: -3_600_000, timeSync: 'none' }],
    ['system/clock', 'Info', '60 s ahead', { clockSkewMs: 60_000, timeSync: 'off' }],
    ['system/machine-id', 'Error', 'The node other has the same', { machineID: 'b'.repeat(32) }],
    ['system/same-host', 'Error', 'The host second has the same', { machineID: 'e'.repeat(32) }],
    ['docker/missing', 'Info', 'not installed', { tools: without('docker') }],
    ['docker/missing', 'Error', 'not installed', { tools: without('docker', 'apt-get') }],
    ['docker/missing', 'Info', 'not installed', { os: { ...good.os, id: 'fedora' }, tools: withDnf }],
    [
      'docker/missing',
      'Error',
      'not installed',
      { os: { ...good.os, id: 'rocky', like: ['rhel', 'fedora'] }, tools: withDnf },
    ],
    ['docker/stopped', 'Info', 'does not answer (down)', { docker: { ...good.docker, version: '', error: 'down' } }],
    ['docker/old', 'Error', '19.03.1', { docker: { ...good.docker, version: '19.03.1' } }],
    ['docker/snap', 'Error', 'snap', { docker: { ...good.docker, isSnap: true } }],
    ['docker/podman', 'Error', "Podman's", { docker: { ...good.docker, version: '', isPodman: true } }],
    ['network/ipv4', 'Error', 'no IPv4 address', { address: '', hasIPv4: false }],
    ['docker/firewall', 'Info', 'backend is nftables', { docker: { ...good.docker, firewallBackend: 'nftables' } }],
    ['docker/rootless', 'Error', 'rootless', { docker: { ...good.docker, isRootless: true } }],
    ['network/tool-nft', 'Info', 'nft is missing', { tools: without('nft') }],
    ['network/tool-nft', 'Error', 'nft is missing', { tools: without('nft', 'apt-get') }],
    ['network/tool-conntrack', 'Warning', 'conntrack', { tools: without('conntrack', 'apt-get') }],
    ['network/overlap', 'Error', '10.244.7.0/24 (cni0)', { routes: [{ cidr: '10.244.7.0/24', device: 'cni0' }] }],
    ['network/overlap', 'Error', 'addresses of Services', { routes: [{ cidr: '10.96.8.0/24', device: 'vpn' }] }],
    [
      'network/overlap',
      'Error',
      'fd00:10:244:7::/64 (vpn)',
      { routes: [{ cidr: 'fd00:10:244:7::/64', device: 'vpn' }] },
    ],
    ['network/overlap', 'Warning', 'fd00::/8 (vpn)', { routes: [{ cidr: 'fd00::/8', device: 'vpn' }] }],
    ['network/overlap', 'Warning', '10.0.0.0/8 (vpn)', { routes: [{ cidr: '10.0.0.0/8', device: 'vpn' }] }],
    ['network/port-api', 'Warning', '16443', { listening: ['127.0.0.1:16443'] }],
    ['network/port-kubelet', 'Warning', '10250', { listening: ['*:10250'] }],
    ['network/port-vxlan', 'Warning', '8472', { listeningUdp: ['0.0.0.0:8472'] }],
    ['network/mtu', 'Warning', '1200', { mtu: 1200 }],
    ['network/proxy', 'Info', 'HTTP_PROXY', { proxies: ['HTTP_PROXY'] }],
    ['network/firewall', 'Info', 'ufw is on', { active: new Set(['ufw-enabled']) }],
    ['network/firewall', 'Info', 'firewalld is on', { active: new Set(['firewalld']) }],
    [
      'network/firewall-rules',
      'Info',
      '(nftables inet filter input)',
      { drops: [{ hook: 'input', table: 'inet filter', chain: 'input' }] },
    ],
    [
      'network/firewall-rules',
      'Info',
      '(nftables ip filter forward)',
      {
        drops: [{ hook: 'forward', table: 'ip filter', chain: 'forward' }],
        active: new Set(['docker', 'ufw-enabled']),
      },
    ],
    [
      'network/firewall-rules',
      'Info',
      '(iptables INPUT)',
      { drops: [{ hook: 'input', table: 'ip filter', chain: 'INPUT' }] },
    ],
    [
      'network/firewall-output',
      'Warning',
      '(ip6tables OUTPUT)',
      { drops: [{ hook: 'output', table: 'ip6 filter', chain: 'OUTPUT' }] },
    ],
    ['system/selinux', 'Info', 'SELinux', { selinuxEnforcing: true }],
    ['network/ssh-forwarding', 'Info', 'AllowTcpForwarding no', { sshdForwarding: 'no' }],
    ['network/control-plane', 'Info', '(192.0.2.1, box.test)', { apiUnreachable: ['192.0.2.1', 'box.test'] }],
    ['network/peer', 'Warning', 'The node other (192.168.1.6)', { unreachable: ['192.168.1.6'] }],
    ['cluster/kubernetes', 'Error', 'runs on the host: k3s-agent.', { active: new Set(['k3s-agent']) }],
    [
      'cluster/agent',
      'Info',
      'The agent is 0123',
      { flotilla: { ...good.flotilla, isConfigured: true, caHash: 'c', currentBundle: '0123' } },
    ],
    [
      'cluster/agent-stopped',
      'Warning',
      'its pods are replaced elsewhere',
      { flotilla: { ...good.flotilla, isConfigured: true, caHash: 'c', did: new Set(['identity', 'boot']) } },
    ],
    [
      'cluster/agent-boot',
      'Warning',
      'no node',
      {
        active: new Set(['docker', 'flotilla-agent']),
        flotilla: { ...good.flotilla, isConfigured: true, caHash: 'c', did: new Set(['identity']) },
      },
    ],
    [
      'cluster/flotilla',
      'Error',
      'another Flotilla',
      { flotilla: { ...good.flotilla, isConfigured: true, caHash: 'x' } },
    ],
  ])('%s is %s: %s', (id, severity, what, facts) => {
    const found = preflight({ ...good, ...facts }, cluster)
    const finding = found.find(each => each.id === id)
    expect(finding, JSON.stringify(found)).toMatchObject({ severity })
    expect(`${finding?.what} ${finding?.why}`).toContain(what)
    expect(finding?.why.length).toBeGreaterThan(20)
    expect(finding?.how.length).toBeGreaterThan(10)
    const inEnglish = (texts: readonly HostText[] = []) => texts.map(each => filledIn(each.text, each)).join(' ')
    for (const part of ['what', 'why', 'how'] as const) expect(inEnglish(finding?.said?.[part])).toBe(finding?.[part])
  })
  test('that joining mends names the step that does', () => {
    const facts = { ...good, tools: without('docker', 'nft', 'conntrack'), docker: { ...good.docker, version: '' } }
    for (const timeSync of ['on', 'off', 'none'] as const)
      expect(preflight({ ...good, clockSkewMs: 60_000, timeSync }, cluster)).toMatchObject([{ fix: 'sync-clock' }])
    const mended = [...preflight(facts, cluster), ...preflight({ ...facts, tools: good.tools }, cluster)]
    expect(mended.map(({ id, fix }) => `${id}: ${fix}`)).toEqual([
      'docker/missing: install-packages',
      'network/tool-nft: install-packages',
      'network/tool-conntrack: install-packages',
      'docker/stopped: start-docker',
    ])
  })
  test('chains that Docker, ufw, firewalld or a node have anyway are no filters that somebody wrote', () => {
    const drops = [
      { hook: 'forward', table: 'ip filter', chain: 'FORWARD' },
      { hook: 'forward', table: 'inet flotilla', chain: 'forward' },
    ]
    expect(preflight({ ...good, drops }, cluster)).toEqual([])
    const more = [
      { hook: 'input', table: 'ip filter', chain: 'INPUT' },
      { hook: 'input', table: 'inet firewalld', chain: 'filter_INPUT' },
    ]
    const active = new Set(['ufw-enabled', 'firewalld'])
    const ids = (facts: Partial<Facts>) => preflight({ ...good, ...facts }, cluster).map(({ id }) => id)
    expect(ids({ drops: more, active })).toEqual(['network/firewall', 'network/firewall'])
    expect(ids({ drops: more })).toEqual(['network/firewall-rules'])
  })
  test('one way to the control plane is enough', () => {
    expect(preflight({ ...good, apiReachable: ['192.0.2.1'], apiUnreachable: ['192.0.2.2'] }, cluster)).toEqual([])
  })
  test('the worst comes first', () => {
    const found = preflight({ ...good, swaps: 1, memoryBytes: 1e8, kernel: '3.10.0' }, cluster)
    expect(found.map(({ severity }) => severity)).toEqual(['Error', 'Warning', 'Info'])
  })
  test('a node of this cluster is no stranger to itself', () => {
    const mine = { ...good.flotilla, isConfigured: true, caHash: cluster.caHash, currentBundle: cluster.bundle }
    const routes = [{ cidr: '10.244.0.3/32', device: 'flotilla' }]
    expect(preflight({ ...good, flotilla: mine, routes, listening: ['127.0.0.1:16443'] }, cluster)).toEqual([])
  })
  test('links that an earlier node left on the host are its own as well', () => {
    const routes = ['flotilla0', 'flovx', 'flotilla-wg', 'flo-0123456789a'].map(device => ({
      cidr: '10.244.0.0/24',
      device,
    }))
    expect(preflight({ ...good, routes }, cluster)).toEqual([])
  })
  test('what encrypted traffic needs is missing only where that is wanted', () => {
    const encrypted = { ...cluster, networkBackend: 'wireguard' as const }
    expect(preflight(good, encrypted)).toMatchObject([
      { id: 'network/tool-wg', severity: 'Info', how: 'Joining installs wireguard-tools.' },
    ])
    const fit = { ...good, tools: new Set([...good.tools, 'wg']) }
    expect(preflight(fit, encrypted)).toEqual([])
    const listeningUdp = ['0.0.0.0:8476']
    expect(preflight({ ...fit, listeningUdp }, encrypted)).toMatchObject([{ id: 'network/port-wireguard', severity: 'Error' }]) // prettier-ignore
    expect(preflight({ ...good, listeningUdp }, cluster)).toEqual([])
    expect(preflight({ ...fit, unreachable: ['192.168.1.6'] }, encrypted)[0]?.how).toContain('UDP 8476')
  })
  const apart = { ...good, subnet: { base: 0xc0a80104, bits: 31 } }
  test('the tunnel to a node says more than whether it answers: which way does not arrive, and what that is called', () => {
    const found = (there: boolean | undefined, back: boolean | undefined) =>
      preflight({ ...apart, unreachable: ['192.168.1.6'] }, { ...cluster, ways: new Map([['other', { there, back }]]) })
    expect(found(true, true)).toEqual([])
    expect(found(undefined, true)).toMatchObject([{ id: 'network/peer' }])
    expect(found(undefined, undefined)).toMatchObject([{ id: 'network/peer' }])
    const [to, from] = [
      'from box (192.168.1.5) to other (192.168.1.6)',
      'from other (192.168.1.6) to box (192.168.1.5)',
    ]
    for (const [there, back, lost] of [
      [false, true, to],
      [true, false, from],
      [false, undefined, to],
      [false, false, `${to}, and ${from}`],
    ] as const)
      // prettier-ignore
      expect(found(there, back)).toMatchObject([
        {
          id: 'network/tunnel',
          severity: 'Warning',
          what: `UDP 8472 ${lost} does not arrive.`,
          how: expect.stringContaining(`Let UDP 8472 ${lost} through`) as string,
        },
      ])
  })
  test('on one subnet what drops them is said to drop those of pods, which go there as they are', () => {
    const lost = new Map([['other', { there: false, back: true }]])
    const [direct] = preflight(good, { ...cluster, ways: lost })
    expect(direct).toMatchObject({ id: 'network/direct', severity: 'Warning', what: 'UDP 8472 from box (192.168.1.5) to other (192.168.1.6) does not arrive.' }) // prettier-ignore
    expect(direct?.how).toContain('Packets of pods (10.244.0.0/16, fd00:10:244::/48)')
    const wg = { ...good, tools: new Set([...good.tools, 'wg']) }
    expect(preflight(wg, { ...cluster, ways: lost, networkBackend: 'wireguard' })).toMatchObject([
      { id: 'network/tunnel', what: 'UDP 8476 from box (192.168.1.5) to other (192.168.1.6) does not arrive.' },
    ])
  })
  test('packets are tried with all nodes, until agents tell; of many, with those behind a tunnel first', () => {
    const far = { name: 'far', machineID: 'f'.repeat(32), address: '192.168.2.6', relayed: [] }
    const tried = (facts: Partial<Facts>, more: Partial<ClusterFacts>) =>
      unknownWays({ ...good, ...facts }, { ...cluster, nodes: [...cluster.nodes, far], ...more }).map(
        ({ name }) => name,
      )
    expect(tried({}, {})).toEqual(['far', 'other'])
    expect(tried({}, { networkBackend: 'wireguard' })).toEqual(['other', 'far'])
    expect(tried({ subnet: undefined }, {})).toEqual(['other', 'far'])
    expect(tried({ tools: without('ip') }, {})).toEqual([])
    expect(tried({}, { nodes: [{ ...far, relayed: undefined }] })).toEqual([])
    expect(tried({}, { nodes: [{ ...far, address: '$(id)' }] })).toEqual([])
    expect(tried({}, { nodes: [{ ...far, name: 'box' }] })).toEqual([])
    expect(tried({}, { nodes: Array.from({ length: 20 }, (_, i) => ({ ...far, name: `far-${i}` })) })).toHaveLength(8)
  })
  test('of Ready nodes their agents know the ways to each other, whether hosts answer or not', () => {
    const unreachable = ['192.168.1.6']
    const own = (relayed: string[] | undefined) => ({ name: 'box', machineID: good.machineID, address: good.address, relayed }) // prettier-ignore
    const found = (of: string[] | undefined, theirs: string[] | undefined) => {
      const nodes = [own(of), { ...cluster.nodes[0]!, relayed: theirs }]
      return preflight({ ...good, unreachable }, { ...cluster, nodes }).map(({ id, what }) => `${id} ${what}`)
    }
    expect(found([], [])).toEqual([])
    const pair = 'network/relayed Pods of box and other reach each other over the control plane only: between 192.168.1.5 and 192.168.1.6 no direct way is open.' // prettier-ignore
    expect([...found(['other'], ['box']), ...found(['other'], []), ...found(undefined, ['box'])]).toEqual([pair, pair, pair]) // prettier-ignore
    for (const notTold of [found(undefined, []), found([], undefined)])
      expect(notTold).toEqual(['network/peer The node other (192.168.1.6) does not answer.'])
    expect(relayedNodes([{ type: RELAYED, status: 'True', message: relayedMessage(['a', 'b']) }])).toEqual(['a', 'b'])
    expect(relayedNodes([{ type: RELAYED, status: 'False', message: 'no' }])).toEqual([])
    expect(relayedNodes([])).toBeUndefined()
  })
  test('another machine of the same name is found', () => {
    const nodes = [{ name: 'box', machineID: 'd'.repeat(32), address: '192.168.1.9', relayed: undefined }]
    expect(preflight(good, { ...cluster, nodes })).toMatchObject([{ id: 'system/hostname', severity: 'Error' }])
  })
  test('another host that is about to become the same node is found, once', () => {
    const hosts = [{ name: 'second', machineID: 'd'.repeat(32), nodeName: 'box' }]
    const found = { id: 'system/hostname', severity: 'Error', what: 'The host second is the node box, or becomes it.' }
    expect(preflight(good, { ...cluster, hosts })).toMatchObject([found])
    const nodes = [{ name: 'box', machineID: 'd'.repeat(32), address: '192.168.1.9', relayed: undefined }]
    expect(preflight(good, { ...cluster, hosts, nodes })).toMatchObject([found])
  })
})

describe('the questions', () => {
  const ask = (input: string) => execFileSync('sh', ['-c', FACTS_SCRIPT], { input, encoding: 'utf8' })
  test('are answered by any Linux machine, this one as well', () => {
    const facts = parseFacts(ask(''), Date.now())
    expect(facts).toMatchObject({ architecture: process.arch === 'x64' ? 'amd64' : process.arch })
    expect(facts.kernel).toMatch(/^\d+\.\d+/)
    expect(facts.memoryBytes).toBeGreaterThan(1e8)
    expect(Math.abs(facts.clockSkewMs)).toBeLessThan(60_000)
  })
  test('are answered with what the host reaches, and what it does not', async () => {
    await using server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const facts = parseFacts(ask(`api 127.0.0.1 ${port}\napi 127.0.0.2 1\napi $(id) 1\nnode 127.0.0.1\n`), Date.now())
    expect(facts.apiReachable).toEqual(['127.0.0.1'])
    expect(facts.apiUnreachable.toSorted()).toEqual(['$(id)', '127.0.0.2'])
    expect([...facts.reachable, ...facts.unreachable]).toEqual(facts.tools.has('ping') ? ['127.0.0.1'] : [])
  })
  test('tell that the command docker is another program', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flotilla-podman-'))
    try {
      writeFileSync(join(folder, 'docker'), '#!/bin/sh\necho "Emulate Docker CLI using podman." >&2\necho podman version 4.3.1\n', { mode: 0o755 }) // prettier-ignore
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
      const { docker } = parseFacts(execFileSync('sh', ['-c', FACTS_SCRIPT], { input: '', encoding: 'utf8', env }), 0)
      expect(docker).toMatchObject({ isPodman: true, version: '', error: '' })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
  test('tell which chains drop what no rule of theirs lets through, whoever wrote them', () => {
    const dropsAfter = (setup: string) => {
      const script = `${setup}\n${FACTS_SCRIPT}`
      const output = execFileSync('unshare', ['--net', '--mount', 'sh', '-c', script], { input: '', encoding: 'utf8' })
      return parseFacts(output, 0).drops.map(({ hook, table, chain }) => `${hook}: ${table} ${chain}`)
    }
    expect(dropsAfter('')).toEqual([])
    const rules = `
      table inet filter {
        set known { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0/16 } }
        chain input { type filter hook input priority 0; policy drop; ct state established accept; tcp dport 22 accept; }
        chain forward { type filter hook forward priority 0; ip saddr @known accept; log prefix "gone; " counter reject; }
        chain output { type filter hook output priority 0; ip daddr 192.0.2.1 drop; }
      }
      table ip other {
        chain late { type nat hook postrouting priority 100; }
        chain rest { drop; }
      }
      table bridge filter {
        chain forward { type filter hook forward priority 0; policy drop; }
      }
      table arp filter {
        chain input { type filter hook input priority 0; policy drop; }
      }`
    expect(dropsAfter(`nft -f - <<'END'\n${rules}\nEND`)).toEqual([
      'input: inet filter input',
      'forward: inet filter forward',
    ])
    const withoutNft = 'mount --bind /dev/null "$(command -v nft)"'
    for (const [tool, table, first] of [
      ['iptables', 'ip filter', ''],
      ['iptables', 'ip filter', withoutNft],
      ['ip6tables-legacy', 'ip6 filter', ''],
    ] as const) {
      expect(dropsAfter(`${first}\n${tool} -A INPUT -p tcp --dport 22 -j ACCEPT; ${tool} -P INPUT DROP`)).toEqual([
        `input: ${table} INPUT`,
      ])
      expect(dropsAfter(`${first}\n${tool} -A OUTPUT -o lo -j ACCEPT; ${tool} -A OUTPUT -j REJECT`)).toEqual([
        `output: ${table} OUTPUT`,
      ])
    }
  })
  test('tell who sets the clock', () => {
    const timeSync = (...lines: string[]) => parseFacts([...lines, 'end=yes'].join('\n'), 0).timeSync
    expect(timeSync()).toBe('none')
    expect(timeSync('time.CanNTP=yes', 'time.NTP=no', 'time.NTPSynchronized=no')).toBe('off')
    expect(timeSync('time.CanNTP=yes', 'time.NTP=yes', 'time.NTPSynchronized=no')).toBe('on')
    expect(timeSync('time.CanNTP=yes', 'time.NTP=yes', 'time.NTPSynchronized=yes')).toBe('synced')
  })
  test('tell which control groups there are', () => {
    const { cgroupVersion, cgroupControllers } = parseFacts(ask(''), Date.now())
    expect([1, 2]).toContain(cgroupVersion)
    for (const controller of ['memory', 'cpu', 'pids']) expect([...cgroupControllers]).toContain(controller)
  })
  test('that were not all answered are no facts', () => {
    expect(() => parseFacts(ask('').replace('end=yes', ''), 0)).toThrow('did not answer all questions')
  })
  test('get answers that no terminal takes for more than text', () => {
    const facts = parseFacts('hostname=evil\u001b[2Jname\nos.PRETTY_NAME=\u009bx\nend=yes\n', 0)
    expect(facts.hostname).toBe('evil [2jname')
    expect(facts.os.name).toBe('x')
  })
})
