// Pods connected by CNI plugins, while a folder says which. What a pod was connected with is on disk before a plugin is
// called, so that it is disconnected with the same, whatever happened in between.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../../shared/machinery/log.ts'
import type { HostPort, PodAddresses, PodBandwidth, PodNetwork, PodSandbox } from '../../contracts.ts'
import { type Run, ToolError } from '../exec.ts'
import { InOrder } from '../../in-order.ts'
import { ipBatch } from '../ip.ts'
import { podLinkName } from '../names.ts'
import { Serialised } from '../serialised.ts'
import { readState, writeStateSync } from '../state-file.ts'
import { type CapabilityArgs, type Connection, check, collectGarbage, connect, disconnect, hasCapability, isCollected, validate } from './chain.ts' // prettier-ignore
import { CniError, isAtLeast, type NetworkConfig, readNetworkConfig } from './configuration.ts'
import { HeldNamespaces } from './held-namespace.ts'
import { CniPlugins } from './plugin.ts'
import { addressesIn } from './result.ts'

export interface CniFolders {
  /** Of configurations, such as `/etc/cni/net.d`. */
  readonly confDir: string
  /** Of plugins, the first that has one counts. */
  readonly binDirs: readonly string[]
}

export interface CniPodNetworkOptions extends CniFolders {
  readonly run: Run
  readonly stateDir: string
  /** This node's range, for plugins that ask for it. */
  readonly podCIDR: string
  readonly log: Log
}

interface Saved extends Connection {
  readonly podUid: string
  readonly pid: number
  /** Tells the sandbox's network namespace from others. */
  readonly namespace: string
  /** Empty while it is being connected. */
  readonly ips: readonly string[]
}

const INTERFACE = 'eth0'
/** A reboot empties it. */
const HELD_FOLDER = '/run/flotilla/netns'
/** As much as plugins take: the rate alone is the limit. */
const BURST_BITS = 2 ** 31 - 1

export class CniPodNetwork implements PodNetwork {
  readonly #options: CniPodNetworkOptions
  readonly #plugins: CniPlugins
  readonly #held: HeldNamespaces
  readonly #order = new InOrder()
  readonly #saved = new Map<string, Saved>()
  readonly #looking = new Serialised(() => this.#look())
  #network: NetworkConfig | undefined
  #failure: string | undefined
  /** Configuration that the plugins said they can do. */
  #validated = ''

  constructor(options: CniPodNetworkOptions) {
    this.#options = options
    this.#plugins = new CniPlugins(options.run, options.binDirs)
    this.#held = new HeldNamespaces(options.run, HELD_FOLDER)
    for (const saved of readAll(this.#folder)) this.#saved.set(saved.podUid, saved)
  }

  /** Whether the folder wants pods to be connected by plugins, as it was when last looked at. */
  get isConfigured(): boolean {
    return this.#network !== undefined || this.#failure !== undefined
  }

  get problem(): string | undefined {
    return this.#failure === undefined
      ? undefined
      : `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: ${this.#failure}`
  }

  /** Looks at the folder and asks the plugins whether they can do what it says. */
  look(): Promise<void> {
    return this.#looking.run()
  }

  has(podUid: string): boolean {
    return this.#saved.has(podUid)
  }

  /** Whether the plugins lead the host ports of this pod. */
  leadsHostPorts(podUid: string): boolean {
    const saved = this.#saved.get(podUid)
    return saved !== undefined && hasCapability(saved.network, 'portMappings')
  }

  addressesOf(podUid: string): PodAddresses | undefined {
    const { ips = [] } = this.#saved.get(podUid) ?? {}
    return ips.length > 0 ? { ips } : undefined
  }

  setUp(sandbox: PodSandbox): Promise<PodAddresses> {
    return this.#order.run(sandbox.uid, async () => {
      const { uid, pid, sandboxId } = sandbox
      if (this.problem !== undefined || !this.#network) throw new CniError(this.problem ?? 'no CNI configuration')
      const namespace = await this.#held.identityOf(pid)
      if (namespace === undefined) throw new CniError(`the sandbox ${JSON.stringify(sandboxId)} has ended`)
      const before = this.#saved.get(uid)
      if (before?.namespace === namespace && (await this.#isWhole(before, pid))) return { ips: before.ips }
      if (before) await this.#disconnect(before)
      return { ips: await this.#connect(sandbox, this.#network, namespace) }
    })
  }

  tearDown(podUid: string): Promise<void> {
    return this.#order.run(podUid, async () => {
      const saved = this.#saved.get(podUid)
      if (saved) await this.#disconnect(saved)
    })
  }

  async retain(podUids: ReadonlySet<string>): Promise<void> {
    const { log } = this.#options
    const stale = [...this.#saved.keys()].filter(uid => !podUids.has(uid))
    for (const uid of stale)
      await this.tearDown(uid).catch((error: unknown) =>
        log.warn({ uid, error: String(error) }, 'pod not disconnected'),
      )
    const network = this.#network
    if (!network || this.problem !== undefined || !isCollected(network)) return
    // What is connected meanwhile would be garbage to plugins that are not told of it.
    const collect = () =>
      collectGarbage(
        this.#plugins,
        network,
        [...this.#saved.values()].map(({ attachment }) => attachment),
      )
    await this.#order
      .alone(collect)
      .catch((error: unknown) => log.warn({ error: String(error) }, 'CNI plugins did not collect garbage'))
  }

  get #folder(): string {
    return join(this.#options.stateDir, 'cni')
  }

  async #look(): Promise<void> {
    try {
      const network = await readNetworkConfig(this.#options.confDir)
      const text = JSON.stringify(network) ?? ''
      const isAsked = text === this.#validated && this.#failure === undefined
      if (network && (!isAsked || isAtLeast(network, '1.1.0'))) await validate(this.#plugins, network)
      if (network && !isAsked) this.#options.log.info({ network: network.name }, 'pods are connected by CNI plugins')
      this.#validated = text
      this.#network = network
      this.#failure = undefined
    } catch (error) {
      const failure = error instanceof CniError ? error.message : String(error)
      if (failure !== this.#failure) this.#options.log.warn({ problem: failure }, 'CNI plugins cannot connect pods')
      this.#failure = failure
    }
  }

  async #connect(sandbox: PodSandbox, network: NetworkConfig, namespace: string): Promise<readonly string[]> {
    const { uid, pid, sandboxId } = sandbox
    const { run, podCIDR, log } = this.#options
    await ipBatch(run, ['link set lo up'], pid)
    const netns = await this.#held.hold(podLinkName(uid), pid)
    const attachment = { containerId: sandboxId, netns, ifName: INTERFACE, args: argsOf(sandbox) }
    const capabilities = capabilitiesOf(sandbox, podCIDR)
    const begun: Saved = { podUid: uid, pid, namespace, network, attachment, capabilities, ips: [] }
    this.#save(begun)
    try {
      const result = await connect(this.#plugins, begun)
      const ips = addressesIn(result)
      if (ips.length === 0) throw new CniError('the plugins gave it no address')
      this.#save({ ...begun, result, ips })
      return ips
    } catch (error) {
      await this.#disconnect(begun).catch((failure: unknown) => log.warn({ uid, error: String(failure) }, 'pod not disconnected')) // prettier-ignore
      throw new CniError(
        `failed to setup network for sandbox ${JSON.stringify(sandboxId)}: ${(error as Error).message}`,
      )
    }
  }

  /** What is left of it when a plugin fails is known still, to be tried again. */
  async #disconnect(saved: Saved): Promise<void> {
    const { podUid, pid, namespace, attachment } = saved
    const name = podLinkName(podUid)
    const netns = await this.#held.pathOf(name, pid, namespace)
    try {
      await disconnect(this.#plugins, { ...saved, attachment: { ...attachment, netns } })
    } catch (error) {
      throw new CniError(
        `failed to destroy network for sandbox ${JSON.stringify(attachment.containerId)}: ${(error as Error).message}`,
      )
    }
    await this.#held.release(name)
    this.#saved.delete(podUid)
    rmSync(this.#pathOf(podUid), { force: true })
  }

  async #isWhole(saved: Saved, pid: number): Promise<boolean> {
    const { ips, attachment } = saved
    const [ip] = ips
    if (ip === undefined) return false
    try {
      const netns = await this.#held.hold(podLinkName(saved.podUid), pid)
      const shown = await this.#options.run(['nsenter', '-t', String(pid), '-n', '--', 'ip', '-o', 'address', 'show', 'dev', INTERFACE]) // prettier-ignore
      if (!shown.includes(` ${ip}/`)) return false
      await check(this.#plugins, { ...saved, attachment: { ...attachment, netns } })
      return true
    } catch (error) {
      if (error instanceof CniError || error instanceof ToolError) return false
      throw error
    }
  }

  #save(saved: Saved): void {
    this.#saved.set(saved.podUid, saved)
    writeStateSync(this.#pathOf(saved.podUid), saved)
  }

  #pathOf(podUid: string): string {
    return join(this.#folder, `${podLinkName(podUid)}.json`)
  }
}

/** The files are our own and written whole. */
function readAll(folder: string): Saved[] {
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names.flatMap(name => (name.endsWith('.json') ? ((readState(join(folder, name)) as Saved | undefined) ?? []) : [])) // prettier-ignore
}

const argsOf = ({ namespace, name, uid, sandboxId }: PodSandbox): string =>
  [
    'IgnoreUnknown=1',
    `K8S_POD_NAMESPACE=${namespace}`,
    `K8S_POD_NAME=${name}`,
    `K8S_POD_INFRA_CONTAINER_ID=${sandboxId}`,
    `K8S_POD_UID=${uid}`,
  ].join(';')

function capabilitiesOf({ hostPorts, bandwidth }: PodSandbox, podCIDR: string): CapabilityArgs {
  return {
    ...(hostPorts.length > 0 && { portMappings: hostPorts.map(mappingOf) }),
    ...(Object.keys(bandwidth).length > 0 && { bandwidth: limitsOf(bandwidth) }),
    ipRanges: [[{ subnet: podCIDR }]],
  }
}

const mappingOf = ({ hostPort, containerPort, protocol, hostIP }: HostPort) => ({
  hostPort,
  containerPort,
  protocol: protocol.toLowerCase(),
  ...(hostIP && { hostIP }),
})

const limitsOf = ({ ingress, egress }: PodBandwidth) => ({
  ...(ingress !== undefined && { ingressRate: ingress, ingressBurst: BURST_BITS }),
  ...(egress !== undefined && { egressRate: egress, egressBurst: BURST_BITS }),
})
