// What a host said about itself, parsed. Everything in it is somebody else's text until it is here.
import { isIPv4 } from 'node:net'
import { type Cidr, parseCidr } from '../../../shared/machinery/ipv4.ts'
import { SshError } from '../ssh/contract.ts'

export interface Dropping {
  readonly hook: string
  /** With its family: `inet filter`. */
  readonly table: string
  readonly chain: string
}

export interface Facts {
  readonly isRoot: boolean
  readonly os: {
    readonly id: string
    readonly like: readonly string[]
    readonly version: string
    readonly name: string
  }
  /** amd64, arm64, or what the machine calls itself. */
  readonly architecture: string
  readonly kernel: string
  readonly hostname: string
  readonly machineID: string
  /** '' without glibc. */
  readonly glibc: string
  /** '' without systemd. */
  readonly systemd: string
  readonly cgroupVersion: 1 | 2 | undefined
  /** `memory`, `cpu`, … as the kernel has them switched on. */
  readonly cgroupControllers: ReadonlySet<string>
  readonly tools: ReadonlySet<string>
  readonly nft: string
  readonly docker: {
    /** Of the daemon; '' when it does not answer. */
    readonly version: string
    readonly error: string
    readonly isRootless: boolean
    readonly isSnap: boolean
    /** The command is Podman's, under Docker's name. */
    readonly isPodman: boolean
    readonly isSwarm: boolean
    /** `iptables`, `nftables`, `iptables+firewalld`; '' where it does not say. */
    readonly firewallBackend: string
    /** Whether containers outlive the daemon. */
    readonly liveRestore: boolean
  }
  /** Bytes free, by mount point asked. */
  readonly diskFreeBytes: Readonly<Record<string, number>>
  readonly memoryBytes: number
  readonly cpus: number
  readonly swaps: number
  /** The host's clock minus ours. */
  readonly clockSkewMs: number
  /**
   * Who sets the clock: network time (`synced`), a service that reaches none (`on`), one that does not run (`off`); `none`
   * where the host has no such service, or does not say.
   */
  readonly timeSync: 'synced' | 'on' | 'off' | 'none'
  /** `address:port` */
  readonly listening: readonly string[]
  readonly listeningUdp: readonly string[]
  /** Networks that the host has routes to, by CIDR and device. */
  readonly routes: readonly { readonly cidr: string; readonly device: string }[]
  /** The address that its traffic to elsewhere comes from. */
  readonly address: string
  /** The network that this address is in; undefined where it does not say. */
  readonly subnet: Cidr | undefined
  /** Whether it has one in IPv4 that is no bridge's of containers; also where it does not say. */
  readonly hasIPv4: boolean
  readonly mtu: number
  readonly ipForward: boolean
  readonly proxies: readonly string[]
  /** Chains of packet filters that drop what no rule of theirs lets through. */
  readonly drops: readonly Dropping[]
  readonly selinuxEnforcing: boolean
  readonly apparmor: boolean
  /** Units that run, of those asked about. */
  readonly active: ReadonlySet<string>
  /** Traces of another Kubernetes. */
  readonly kubernetes: readonly string[]
  readonly flotilla: {
    readonly isConfigured: boolean
    /** SHA-256 of files there; '' when absent. */
    readonly caHash: string
    readonly configHash: string
    readonly unitHash: string
    readonly runtimes: readonly string[]
    readonly bundles: readonly string[]
    readonly currentBundle: string
    readonly currentRuntime: string
    /**
     * Traces: `installed` packages, `docker` started, `daemon.json.ours`, `images` sent, `ntp` turned on, `identity` of a
     * node, an agent that starts at `boot`, an `upgrade` that was cut off.
     */
    readonly did: ReadonlySet<string>
  }
  /** As sshd's configuration says; '' when it cannot be read. */
  readonly sshdForwarding: string
  /** Addresses of other nodes. */
  readonly reachable: readonly string[]
  readonly unreachable: readonly string[]
  /** Addresses of the API server that take a connection from the host, and those that do not. */
  readonly apiReachable: readonly string[]
  readonly apiUnreachable: readonly string[]
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' }
const CGROUPS: Readonly<Record<string, 1 | 2>> = { cgroup2fs: 2, tmpfs: 1 }
/** As timedatectl calls them. */
const TIME_SYNCS = [
  ['synced', 'time.NTPSynchronized'],
  ['on', 'time.NTP'],
  ['off', 'time.CanNTP'],
] as const
const LONGEST_VALUE = 1_000

/**
 * @param output of FACTS_SCRIPT
 * @param answeredMs when its first line arrived, by our clock
 * @throws SshError CommandFailed when it did not run to its end
 */
export function parseFacts(output: string, answeredMs: number): Facts {
  const values = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const at = line.indexOf('=')
    if (at <= 0) continue
    const key = line.slice(0, at)
    values.set(key, [...(values.get(key) ?? []), printable(line.slice(at + 1))])
  }
  const all = (key: string) => values.get(key) ?? []
  const one = (key: string) => all(key)[0] ?? ''
  const number = (key: string) => Number(one(key)) || 0
  if (one('end') !== 'yes') throw new SshError('CommandFailed', 'the host did not answer all questions about itself')
  return {
    isRoot: one('uid') === '0',
    os: {
      id: one('os.ID'),
      like: one('os.ID_LIKE').split(' ').filter(Boolean),
      version: one('os.VERSION_ID'),
      name: one('os.PRETTY_NAME') || one('os.ID') || 'unknown',
    },
    architecture: ARCHITECTURES[one('arch')] ?? one('arch'),
    kernel: one('kernel'),
    hostname: one('hostname').toLowerCase(),
    machineID: one('machineID'),
    glibc: one('glibc'),
    systemd: one('systemd'),
    cgroupVersion: CGROUPS[one('cgroup')],
    cgroupControllers: new Set(all('controller')),
    tools: new Set(all('tool')),
    nft: one('nft'),
    docker: {
      version: one('docker.version'),
      error: one('docker.error'),
      isRootless: all('docker.security').some(option => option.includes('rootless')),
      isSnap: one('docker.snap') === 'yes',
      isPodman: one('docker.podman') === 'yes',
      isSwarm: !['', 'inactive'].includes(one('docker.swarm')),
      firewallBackend: one('docker.firewall'),
      liveRestore: one('docker.liveRestore') === 'true',
    },
    diskFreeBytes: Object.fromEntries(
      ['/', '/var/lib', '/opt']
        .filter(path => values.has(`disk.${path}`))
        .map(path => [path, number(`disk.${path}`) * 1024]),
    ),
    memoryBytes: number('memory') * 1024,
    cpus: number('cpus'),
    swaps: number('swaps'),
    timeSync: TIME_SYNCS.find(([, key]) => one(key) === 'yes')?.[0] ?? 'none',
    clockSkewMs: Math.round(Number(one('clock')) * 1000 - answeredMs),
    listening: all('listen'),
    listeningUdp: all('listen.udp'),
    routes: all('route').map(text => {
      const [cidr = '', device = ''] = text.split(' ')
      return { cidr: cidr.includes('/') ? cidr : `${cidr}/${cidr.includes(':') ? 128 : 32}`, device }
    }),
    address: isIPv4(one('address')) ? one('address') : '',
    subnet: parseCidr(one('subnet')),
    hasIPv4: one('ipv4') !== 'no',
    mtu: number('mtu'),
    ipForward: one('forward') === '1',
    proxies: [...new Set(all('proxy'))],
    drops: all('drops').map(text => {
      const [hook = '', family = '', table = '', chain = ''] = text.split(' ')
      return { hook, table: `${family} ${table}`, chain }
    }),
    selinuxEnforcing: one('selinux') === '1',
    apparmor: one('apparmor') === 'Y',
    active: new Set(all('active')),
    kubernetes: all('kubernetes'),
    flotilla: {
      isConfigured: one('flotilla') === 'config',
      caHash: one('flotilla.ca'),
      configHash: one('flotilla.config'),
      unitHash: one('flotilla.unit'),
      runtimes: all('flotilla.runtime'),
      bundles: all('flotilla.agent'),
      currentBundle: folderName(one('flotilla.current')),
      currentRuntime: folderName(one('flotilla.currentRuntime')),
      did: new Set(all('flotilla.did')),
    },
    sshdForwarding: one('sshd.forwarding'),
    reachable: all('reach'),
    unreachable: all('unreach'),
    apiReachable: all('api.reach'),
    apiUnreachable: all('api.unreach'),
  }
}

/** `/opt/flotilla/agent/<hash>/agent.cjs` → `<hash>` */
const folderName = (path: string): string => path.split('/').at(-2) ?? ''

/** Nothing that a terminal or a log would take for more than text. */
const printable = (text: string): string =>
  text
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
    .trim()
    .slice(0, LONGEST_VALUE)
