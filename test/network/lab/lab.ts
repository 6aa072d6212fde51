// Hosts for network tests: network namespaces on one virtual switch, real agents in them, real pods (namespaces held
// by a process), real sockets. Everything is removed at the end, also when a test failed.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { WIREGUARD_LINK } from '../../../src/shared/machinery/node-network.ts'
import type { AnyObject } from '../../../src/shared/machinery/object.ts'
import type { PodSandbox } from '../../../src/agent/contracts.ts'
import type { AgentCommand, AgentConfig } from './agent.ts'
import { Client } from './client.ts'

export const sh = (argv: string[], input?: string): string => {
  const [file = '', ...args] = argv
  return execFileSync(file, args, { input: input ?? '', encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

/** Polls until `check` gives a value, or fails with the last error. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      const value = await check()
      if (value !== undefined && value !== null && value !== false) return value
      failure = new Error(`still ${String(value)}`)
    } catch (error) {
      failure = error
    }
    if (Date.now() > deadline) throw failure
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never

export class Agent {
  readonly #child: ChildProcess
  readonly #answers = new Map<number, (answer: { result?: unknown; error?: string }) => void>()
  readonly started: Promise<void>
  readonly exited: Promise<void>
  #next = 1
  log = ''

  constructor(child: ChildProcess) {
    this.#child = child
    this.exited = new Promise(resolve => child.once('exit', () => resolve()))
    child.stderr!.on('data', chunk => (this.log += String(chunk)))
    this.started = new Promise((resolve, reject) => {
      this.#answers.set(0, () => resolve())
      void this.exited.then(() => reject(new Error(`the agent ended: ${this.log}`)))
    })
    this.started.catch(() => undefined)
    createInterface({ input: child.stdout! }).on('line', line => {
      const answer = JSON.parse(line) as { id: number; result?: unknown; error?: string }
      this.#answers.get(answer.id)?.(answer)
      this.#answers.delete(answer.id)
    })
  }

  async call(command: DistributiveOmit<AgentCommand, 'id'>): Promise<unknown> {
    const id = this.#next++
    const answered = new Promise<{ result?: unknown; error?: string }>(resolve => this.#answers.set(id, resolve))
    this.#child.stdin!.write(`${JSON.stringify({ ...command, id })}\n`)
    const answer = await Promise.race([
      answered,
      this.exited.then(() => {
        throw new Error(`the agent ended: ${this.log}`)
      }),
    ])
    if (answer.error) throw new Error(answer.error)
    return answer.result
  }

  put = (plural: string, object: unknown) => this.call({ do: 'put', plural, object: object as AnyObject })
  remove = (plural: string, object: unknown) => this.call({ do: 'delete', plural, object: object as AnyObject })

  async setUp(pod: Pod, more: Partial<PodSandbox> = {}): Promise<string> {
    const { uid, pid } = pod
    const sandbox = { uid, pid, namespace: 'default', name: uid, sandboxId: `box-${pid}`, hostPorts: [], bandwidth: {}, ...more } // prettier-ignore
    const { ips } = (await this.call({ do: 'setUp', sandbox })) as { ips: string[] }
    return ips[0]!
  }

  async stop(): Promise<void> {
    await this.call({ do: 'stop' })
    await this.exited
  }

  /** Stops its clock, as if it were busy elsewhere. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }
  resume(): void {
    this.#child.kill('SIGCONT')
  }
  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** A network namespace with a process in it, as a pod's sandbox is. */
export class Pod implements Asker {
  readonly uid: string
  readonly #holder: ChildProcess
  readonly #children: ChildProcess[] = []
  #client: Client | undefined

  constructor(uid = `pod-${randomBytes(6).toString('hex')}`) {
    this.uid = uid
    this.#holder = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' })
  }
  get pid(): number {
    return this.#holder.pid!
  }

  /** Until the holder has its own namespace, its pid still names ours. */
  async ready(): Promise<this> {
    const own = sh(['readlink', '/proc/self/ns/net'])
    await eventually(() => sh(['readlink', `/proc/${this.pid}/ns/net`]) !== own)
    return this
  }
  run(...argv: string[]): string {
    return sh(['nsenter', '-t', String(this.pid), '-n', '--', ...argv])
  }
  spawn(...argv: string[]): ChildProcess {
    const child = spawn('nsenter', ['-t', String(this.pid), '-n', '--', ...argv], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#children.push(child)
    return child
  }
  get client(): Client {
    return (this.#client ??= new Client((...argv) => this.spawn(...argv)))
  }
  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    this.#client?.end()
    this.#holder.kill('SIGKILL')
  }
}

const nodeEval = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args]

const SERVER = `
const [name, port] = process.argv.slice(1)
require('net').createServer(s => { s.on('error', () => {}); s.end(name + ' ' + s.remoteAddress.replace('::ffff:', '')) }).listen(+port, '::', () => {
  const u = require('dgram').createSocket('udp6')
  u.on('message', (m, r) => u.send(name + ' ' + r.address.replace('::ffff:', ''), r.port, r.address))
  u.bind(+port, '::', () => console.log('up'))
})`

/** A place that commands run in: a host or a pod. */
export interface Place {
  run(...argv: string[]): string
  spawn(...argv: string[]): ChildProcess
}

/** A place that has a client of its own, started when something is first asked. */
export interface Asker extends Place {
  readonly client: Client
}

/** Answers each TCP connection and UDP packet with its name and the client's address. */
export async function serve(place: Place, name: string, port: number): Promise<ChildProcess> {
  const child = place.spawn(...nodeEval(SERVER, name, String(port)))
  await new Promise<void>((resolve, reject) => {
    child.stdout!.once('data', () => resolve())
    child.once('exit', () => reject(new Error(`server ${name} ended`)))
  })
  return child
}

/** @returns `<server's name> <client address that it saw>`, or the error's code. */
export const tcp = (from: Asker, host: string, port: number, times = 1): string[] =>
  from.client.ask({ protocol: 'tcp', host, port, times, sourcePort: 0, waitMs: 2_000 })
export const udp = (from: Asker, host: string, port: number, times = 1, sourcePort = 0): string[] =>
  from.client.ask({ protocol: 'udp', host, port, times, sourcePort, waitMs: 1_000 })

/** In the lab an answer takes no more than milliseconds. */
const SILENCE_MS = 600
/** Nothing comes back: neither an answer nor a refusal. */
export const isDropped = (from: Asker, host: string, port: number, protocol: 'tcp' | 'udp' = 'tcp'): boolean =>
  from.client.ask({ protocol, host, port, times: 1, sourcePort: 0, waitMs: SILENCE_MS })[0] === 'TIMEOUT'

export const namesIn = (answers: string[]): string[] => [...new Set(answers.map(a => a.split(' ')[0]!))].sort()

export class Host implements Asker {
  readonly name: string
  readonly ip: string
  readonly #lab: Lab
  readonly #children: ChildProcess[] = []
  readonly stateDir: string
  /** Empty, so that no configuration of the machine's counts. */
  readonly cniConfDir: string
  readonly cniBinDir: string
  /** Has a folder be the host's own: hosts share a file system, and programs have their sockets there. */
  readonly #ownRun: readonly string[]
  #client: Client | undefined

  constructor(lab: Lab, name: string, ip: string, ownFolder: string) {
    this.#lab = lab
    this.name = name
    this.ip = ip
    this.stateDir = join(lab.folder, name, 'state')
    this.cniConfDir = join(lab.folder, name, 'net.d')
    this.cniBinDir = join(lab.folder, name, 'cni-bin')
    const run = join(lab.folder, name, 'run')
    for (const folder of [this.cniConfDir, this.cniBinDir, run, ownFolder]) mkdirSync(folder, { recursive: true })
    this.#ownRun = ['sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh', run, ownFolder]
  }
  get netns(): string {
    return `${this.#lab.id}-${this.name}`
  }
  run(...argv: string[]): string {
    return sh(['ip', 'netns', 'exec', this.netns, ...this.#ownRun, ...argv])
  }
  spawn(...argv: string[]): ChildProcess {
    return this.#start(['ip', 'netns', 'exec', this.netns, ...this.#ownRun, ...argv])
  }
  /** As spawn(), with this machine's /sys, which `ip netns exec` replaces: its cgroups are in there. */
  spawnWithCgroups(...argv: string[]): ChildProcess {
    return this.#start(['nsenter', `--net=/run/netns/${this.netns}`, 'unshare', '--mount', ...this.#ownRun, ...argv])
  }
  #start([file = '', ...args]: readonly string[]): ChildProcess {
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#children.push(child)
    return child
  }
  get client(): Client {
    return (this.#client ??= new Client((...argv) => this.spawn(...argv)))
  }
  async agent(
    podCIDR: string,
    more: Partial<AgentConfig> = {},
    options: Partial<AgentConfig['network']> = {},
  ): Promise<Agent> {
    const config: AgentConfig = {
      network: {
        identity: { nodeName: this.name, nodeIP: this.ip, clusterDNS: '10.96.0.10', clusterDomain: 'cluster.local' },
        stateDir: this.stateDir,
        clusterCIDR: '10.244.0.0/16',
        serviceCIDR: '10.96.0.0/16',
        kubernetesServiceIP: '10.96.0.1',
        podCIDR,
        cni: { confDir: this.cniConfDir, binDirs: [this.cniBinDir, '/usr/lib/cni'] },
        ...options,
      },
      apiServers: [],
      ...more,
    }
    const agent = new Agent(this.spawn(process.execPath, await this.#lab.bundle(), JSON.stringify(config)))
    await agent.started
    return agent
  }
  /** Everything on the host that the pod network may change. */
  picture(): string {
    const tables = ['-nft-save', '-legacy-save'].map(tool =>
      this.run(`iptables${tool}`).replace(/^#.*$|\[\d+:\d+\]/gm, ''),
    )
    return [
      // Without lifetimes and counters, which pass by themselves.
      this.run('ip', '-o', 'address', 'show').replace(/ +valid_lft.*$/gm, ''),
      this.run('ip', '-o', 'link', 'show'),
      this.run('ip', 'route', 'show', 'table', 'all'),
      this.run('ip', '-6', 'route', 'show', 'table', 'all'),
      this.run('ip', 'rule', 'show'),
      this.run('ip', 'neighbour', 'show', 'nud', 'permanent'),
      this.run('nft', '-s', 'list', 'ruleset').replace(/counter packets \d+ bytes \d+/g, 'counter'),
      ...tables,
      this.run(
        'sh',
        '-c',
        'cd /proc/sys/net/ipv4 && grep -r . ip_forward conf/all conf/default; grep . ../netfilter/nf_conntrack_acct ../ipv6/conf/*/forwarding ../ipv6/conf/*/accept_ra',
      ),
    ].join('\n---\n')
  }
  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    this.#client?.end()
    // The program that is a tunnel ends with its link, not with the network namespace.
    spawnSync('ip', ['-n', this.netns, 'link', 'delete', WIREGUARD_LINK], { stdio: 'ignore' })
  }
}

export class Lab {
  readonly id = `flt${randomBytes(3).toString('hex')}`
  readonly folder = mkdtempSync(join(tmpdir(), 'flotilla-network-'))
  readonly #hosts: Host[] = []
  readonly #pods: Pod[] = []
  #bundle: Promise<string> | undefined

  constructor() {
    sh(['ip', 'netns', 'add', `${this.id}-sw`])
    this.#inSwitch('link', 'add', 'sw', 'type', 'bridge')
    this.#inSwitch('link', 'set', 'sw', 'up')
  }

  /**
   * A host on the lab's switch.
   * @param cidr its address, such as `192.168.77.1/24`
   * @param ownFolder what it does not share with the other hosts: that of the tunnel's program, or all of `/run`
   */
  host(name: string, cidr: string, ownFolder: '/run/wireguard' | '/run' = '/run/wireguard'): Host {
    const host = new Host(this, name, cidr.split('/')[0]!, ownFolder)
    sh(['ip', 'netns', 'add', host.netns])
    this.#hosts.push(host)
    this.#inSwitch('link', 'add', `p-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.netns)
    this.#inSwitch('link', 'set', `p-${name}`, 'master', 'sw', 'up')
    host.run('ip', 'link', 'set', 'lo', 'up')
    host.run('ip', 'address', 'add', cidr, 'dev', 'eth0')
    // No IPv6 address of its own: its duplicate check would still be going on when the first picture is taken.
    host.run('ip', 'link', 'set', 'eth0', 'addrgenmode', 'none')
    host.run('ip', 'link', 'set', 'eth0', 'up')
    // Nothing may rely on bridged packets being shown to the rules, where a machine can do that at all.
    host.run(
      'sh',
      '-c',
      'echo 0 > /proc/sys/net/ipv4/ip_forward; for each in /proc/sys/net/bridge/bridge-nf-call-*; do test ! -e $each || echo 0 > $each; done',
    )
    return host
  }

  /** @param uid that of an earlier pod, for its next sandbox */
  async pod(uid?: string): Promise<Pod> {
    const pod = new Pod(uid)
    this.#pods.push(pod)
    return await pod.ready()
  }

  bundle(): Promise<string> {
    const outfile = join(this.folder, 'agent.mjs')
    this.#bundle ??= build({
      entryPoints: [new URL('./agent.ts', import.meta.url).pathname],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      banner: { js: "import{createRequire as c}from'node:module';const require=c(import.meta.url);" },
    }).then(() => outfile)
    return this.#bundle
  }

  end(): void {
    for (const pod of this.#pods) pod.end()
    for (const host of this.#hosts) {
      host.end()
      sh(['ip', 'netns', 'delete', host.netns])
    }
    sh(['ip', 'netns', 'delete', `${this.id}-sw`])
    rmSync(this.folder, { recursive: true, force: true })
  }

  #inSwitch(...args: string[]): void {
    sh(['ip', '-n', `${this.id}-sw`, ...args])
  }
}
