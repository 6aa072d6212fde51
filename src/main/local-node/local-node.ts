// Makes this machine a node of the cluster, or several: gives each agent its identity and keeps it running.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Client } from '../../shared/client/client.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import type { DataDirLayout } from '../data-folder/data-dir.ts'
import { type AGENT_FILES, makeReady } from './apart/apart-agent.ts'
import { type ApartPlan, type LocalNodePlan, type NoNode, planLocalNode, type RootlessPlan, silence } from './detect.ts'
import { DOCKER_SOCKET } from './docker-socket.ts'
import { InwardLink } from './inward-link.ts'
import { onceReady } from './joined.ts'
import { localAgent, localRelay } from './local-agent.ts'
import type { LocalPlace } from './place.ts'
import { claimFolderOf, cniFolder, rootlessDaemon } from './rootless.ts'
import { Supervisor } from './supervisor.ts'
import { hostOf } from '../../shared/machinery/url-host.ts'

export interface LocalNodesOptions {
  /** Of the cluster. */
  readonly layout: DataDirLayout
  readonly places: readonly LocalPlace[]
  /** Where nodes find the API server in Docker's network, when it is not this machine's. */
  readonly relayAddress: string
  readonly clock: Clock
  /** Addresses of the API server, best first. */
  readonly servers: readonly string[]
  readonly caPem: string
  readonly issueCertificate: (request: {
    commonName: string
    organizations: string[]
  }) => Promise<{ certPem: string; keyPem: string }>
  readonly network: AgentNetworkSettings
  /** May read nodes. */
  readonly client: Client
  readonly onStatus: (line: string) => void
  /** Told when the node's addresses are out of this machine's reach. */
  readonly onApart: () => void
}

/** What differs between the ways in which the agent is started. */
interface AgentSettings {
  readonly servers: readonly string[]
  readonly dockerSocket: string
  /** The agent's own, as the agent sees it. */
  readonly folder: string
  readonly claimFolder?: string
  readonly cniConfDir?: string
  readonly hostFiles?: 'parent'
  readonly logFolder?: string
}

export interface AgentNetworkSettings {
  readonly clusterCIDR: string
  readonly kubernetesServiceIP: string
  readonly clusterDNS: string
  readonly clusterDomain: string
  readonly serviceCIDR: string
  /** The same of each of the cluster's families. */
  readonly clusterCIDRs: readonly string[]
  readonly serviceCIDRs: readonly string[]
  readonly clusterDNSs: readonly string[]
  readonly nodePortAddresses?: readonly string[]
  readonly networkBackend: NetworkBackend
}

/** Where the machine is another cluster's node. */
const OF_SEVERAL = 'clusters that share a machine are made with: flotilla local create'
/** What keeps this machine from being a node may pass: it is looked for again, at first soon, then as seldom as this. */
const FIRST_LOOK_MS = 1_000
const LAST_LOOK_MS = 10_000

/**
 * Never throws for what the machine lacks: `onStatus` tells whether it joined, or why not. Once Docker is there, it joins.
 */
export async function startLocalNodes(options: LocalNodesOptions): Promise<AsyncDisposable> {
  const nodes = new LocalNodes(options)
  await nodes.look()
  return nodes
}

class LocalNodes implements AsyncDisposable {
  readonly #options: LocalNodesOptions
  readonly #owned = new Owned()
  #cancelLook: () => void = () => undefined
  #pauseMs = FIRST_LOOK_MS
  #told = ''
  #ended = false

  constructor(options: LocalNodesOptions) {
    this.#options = options
  }

  async look(): Promise<void> {
    const plan = await planLocalNode()
    if (this.#ended) return
    const isApart = plan.run === 'apart' || plan.run === 'inside'
    if (plan.run === 'not') this.#lookAgain(plan)
    else if (!isApart && this.#options.places.some(({ network }) => network !== undefined))
      this.#lookAgain({
        run: 'not',
        why: `the Docker on ${plan.dockerSocket} is not that on which this cluster was made`,
      })
    else if (plan.run !== 'apart') await this.#join(plan)
    // To make an image takes what may be out of reach now, as a registry is.
    else await this.#join(plan).catch((error: Error) => this.#lookAgain({ run: 'not', why: error.message }))
  }

  #lookAgain({ why, otherwise }: NoNode): void {
    const { clock, onStatus } = this.#options
    if (why !== this.#told) onStatus(`not joined: ${otherwise === undefined ? why : `${why}, ${otherwise}`}`)
    this.#told = why
    const again = () => this.look().catch((error: Error) => this.#lookAgain({ run: 'not', why: error.message }))
    this.#cancelLook = clock.after(this.#pauseMs, () => void again())
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_LOOK_MS)
  }

  async #join(plan: Exclude<LocalNodePlan, NoNode>): Promise<void> {
    const { places, onApart } = this.#options
    this.#told = ''
    this.#pauseMs = FIRST_LOOK_MS
    await Promise.all(
      places.map(async place => writeAgentFiles(this.#options, place, await this.#settings(plan, place))),
    )
    if (this.#ended) return
    if (plan.run === 'apart' || plan.run === 'inside') {
      this.#owned.use(this.#linkInto(plan))
      this.#owned.defer(this.#minding(stillThere(plan)))
      onApart()
    }
    for (const place of places) this.#runAgent(plan, place)
  }

  #runAgent(plan: Exclude<LocalNodePlan, NoNode>, { nodeName, layout, network }: LocalPlace): void {
    const { clock, client, onStatus } = this.#options
    const agent = { plan, dataDir: layout.root, folder: layout.agent, network, purpose: 'node' } as const
    const hearers = {
      ready: () => onStatus(`joined as ${nodeName}`),
      notReady: (why: string) => onStatus(`${nodeName} is not ready: ${why}`),
    }
    const watch = (anew: boolean) => onceReady(client, nodeName, clock, hearers, anew)
    let stopWatching = watch(false)
    this.#owned.defer(() => stopWatching())
    this.#owned.use(
      new Supervisor({
        clock,
        logPath: join(layout.logs, 'agent.log'),
        command: () => localAgent(agent),
        onExit(line, machineTaken) {
          if (!machineTaken) return onStatus(`the agent stopped (${line}); starting it again`)
          onStatus(`not joined: ${line}; ${OF_SEVERAL}`)
          stopWatching()
          stopWatching = watch(true)
        },
      }),
    )
  }

  async #settings(plan: Exclude<LocalNodePlan, NoNode>, { layout }: LocalPlace): Promise<AgentSettings> {
    const { dockerSocket } = plan
    const servers = [`https://${this.#relayAt}`]
    if (plan.run === 'apart') {
      const { folder, claimFolder } = await makeReady({ plan, dataDir: layout.root })
      // The agent's container is started in Docker's machine, by what has the files of that.
      return { dockerSocket: DOCKER_SOCKET, folder, servers, claimFolder, hostFiles: 'parent' }
    }
    const folder = layout.agent
    if (plan.run === 'inside')
      // The machine's own logs are not for its user to write.
      return {
        ...{ dockerSocket, folder, servers, claimFolder: claimFolderOf(dockerSocket), cniConfDir: cniFolder() },
        logFolder: join(folder, 'data/log'),
      }
    return { dockerSocket, folder, servers: this.#options.servers }
  }

  get #apiServer(): { host: string; port: number } {
    const url = new URL(this.#options.servers[0] ?? '')
    return { host: hostOf(url), port: Number(url.port || '443') }
  }
  get #relayAt(): string {
    return `${this.#options.relayAddress}:${this.#apiServer.port}`
  }

  /** In Docker's network nothing of this machine is to be reached, nor is what is in there from here. */
  #linkInto(plan: RootlessPlan | ApartPlan): InwardLink {
    const { clock, layout, onStatus } = this.#options
    return new InwardLink({
      clock,
      command: () => localRelay(plan, layout.root, layout.agent, this.#relayAt),
      apiServer: this.#apiServer,
      onExit: line => onStatus(`the way to the API server ended (${line}); starting it again`),
    })
  }

  /**
   * A daemon that was started again has other namespaces, and one that is gone is looked for more often than agents are
   * started that fail.
   * @returns what ends the looking
   */
  #minding(isStillSo: () => Promise<boolean>): () => void {
    const { clock, onStatus } = this.#options
    let cancel: () => void = () => undefined
    let isOver = false
    const look = async () => {
      const isSame = await isStillSo()
      if (isOver) return
      if (isSame) return again()
      await this.#owned[Symbol.asyncDispose]()
      if (!this.#ended) await this.look()
    }
    const again = () => {
      cancel = clock.after(FIRST_LOOK_MS, () => void look().catch((error: Error) => onStatus(error.message)))
    }
    again()
    return () => {
      isOver = true
      cancel()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    this.#cancelLook()
    await this.#owned[Symbol.asyncDispose]()
  }
}

/** What the agents were started into: the same daemon, or a Docker that answers. */
const stillThere = (plan: RootlessPlan | ApartPlan) => async (): Promise<boolean> =>
  plan.run === 'inside'
    ? (await rootlessDaemon(plan.dockerSocket)) === plan.daemon
    : (await silence(plan.dockerSocket)) === undefined

/** Identity and settings, private to this user. A fresh certificate is issued at every start. */
async function writeAgentFiles(
  { caPem, network, issueCertificate }: LocalNodesOptions,
  { nodeName, layout, network: own, instance }: LocalPlace,
  { folder, ...settings }: AgentSettings,
): Promise<void> {
  mkdirSync(join(layout.agent, 'data'), { recursive: true, mode: 0o700 })
  const seen = folder === layout.agent ? join : posix.join
  /** @returns the file's path for the agent */
  const file = (name: (typeof AGENT_FILES)[number], text: string) => {
    writeFileSync(join(layout.agent, name), text, { mode: 0o600 })
    return seen(folder, name)
  }
  const identity = await issueCertificate({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
  })
  if (instance !== undefined) file('data/instance-id', `${instance}\n`)
  const config = {
    ...settings,
    nodeName,
    // Numbers of namespaces are used again: a network of the node's own is told from others by its folder.
    ...(own && { nodeIP: own.ip, hostContainer: own.holder, claimFolder: seen(folder, 'claim') }),
    caFile: file('ca.crt', caPem),
    certFile: file('agent.crt', identity.certPem),
    keyFile: file('agent.key', identity.keyPem),
    dataDir: seen(folder, 'data'),
    ...network,
  }
  file('config.json', JSON.stringify(config, null, 2))
}
