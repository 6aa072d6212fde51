// Makes this machine a node of the cluster: gives the agent its identity and keeps it running.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Client } from '../../shared/client/client.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { Owned } from '../../shared/machinery/owned.ts'
import type { NetworkBackend } from '../../shared/machinery/node-network.ts'
import type { DataDirLayout } from '../data-dir.ts'
import { type AGENT_FILES, makeReady } from './apart/apart-agent.ts'
import {
  type ApartPlan,
  type LocalNodePlan,
  localNodeName,
  type NoNode,
  planLocalNode,
  type RootlessPlan,
  silence,
} from './detect.ts'
import { DOCKER_SOCKET } from './docker-socket.ts'
import { InwardLink } from './inward-link.ts'
import { onceReady } from './joined.ts'
import { localAgent, localRelay } from './local-agent.ts'
import { claimFolderOf, cniFolder, rootlessDaemon } from './rootless.ts'
import { Supervisor } from './supervisor.ts'
import { hostOf } from '../../shared/machinery/url-host.ts'

export interface LocalNodeOptions {
  readonly layout: DataDirLayout
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
  readonly nodeName: string
  readonly servers: readonly string[]
  readonly dockerSocket: string
  /** The agent's own, as the agent sees it. */
  readonly folder: string
  readonly claimFolder?: string
  readonly cniConfDir?: string
  readonly hostFiles?: 'parent'
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

/** What keeps this machine from being a node may pass: it is looked for again, at first soon, then as seldom as this. */
const FIRST_LOOK_MS = 1_000
const LAST_LOOK_MS = 10_000

/**
 * Never throws for what the machine lacks: `onStatus` tells whether it joined, or why not. Once Docker is there, it joins.
 */
export async function startLocalNode(options: LocalNodeOptions): Promise<AsyncDisposable> {
  const node = new LocalNode(options)
  await node.look()
  return node
}

class LocalNode implements AsyncDisposable {
  readonly #options: LocalNodeOptions
  readonly #owned = new Owned()
  #cancelLook: () => void = () => undefined
  #pauseMs = FIRST_LOOK_MS
  #told = ''
  #ended = false

  constructor(options: LocalNodeOptions) {
    this.#options = options
  }

  async look(): Promise<void> {
    const plan = await planLocalNode()
    if (this.#ended) return
    if (plan.run === 'not') this.#lookAgain(plan)
    else if (plan.run !== 'apart') await this.#join(plan)
    // To make an image takes what may be out of reach now, as a registry is.
    else await this.#join(plan).catch((error: Error) => this.#lookAgain({ run: 'not', why: error.message }))
  }

  #lookAgain({ why }: NoNode): void {
    const { clock, onStatus } = this.#options
    if (why !== this.#told) onStatus(`not joined: ${why}`)
    this.#told = why
    const again = () => this.look().catch((error: Error) => this.#lookAgain({ run: 'not', why: error.message }))
    this.#cancelLook = clock.after(this.#pauseMs, () => void again())
    this.#pauseMs = Math.min(this.#pauseMs * 2, LAST_LOOK_MS)
  }

  async #join(plan: Exclude<LocalNodePlan, NoNode>): Promise<void> {
    const { layout, clock, client, onStatus } = this.#options
    this.#told = ''
    this.#pauseMs = FIRST_LOOK_MS
    const nodeName = localNodeName()
    const settings = await this.#settings(plan)
    await writeAgentFiles(this.#options, { nodeName, ...settings })
    if (this.#ended) return
    this.#owned.use(
      new Supervisor({
        clock,
        logPath: join(layout.logs, 'agent.log'),
        command: () => localAgent({ plan, dataDir: layout.root, folder: layout.agent, purpose: 'node' }),
        onExit: (line, machineTaken) =>
          onStatus(machineTaken ? `not joined: ${line}` : `the agent stopped (${line}); starting it again`),
      }),
    )
    this.#owned.defer(onceReady(client, nodeName, () => onStatus(`joined as ${nodeName}`)))
  }

  async #settings(plan: Exclude<LocalNodePlan, NoNode>): Promise<Omit<AgentSettings, 'nodeName'>> {
    const { dockerSocket } = plan
    const { layout, servers } = this.#options
    if (plan.run === 'inside') {
      const inside = { claimFolder: claimFolderOf(dockerSocket), cniConfDir: cniFolder() }
      this.#owned.defer(this.#minding(async () => (await rootlessDaemon(dockerSocket)) === plan.daemon))
      return { dockerSocket, folder: layout.agent, servers: this.#linkInto(plan), ...inside }
    }
    if (plan.run !== 'apart') return { dockerSocket, folder: layout.agent, servers }
    const { folder, claimFolder } = await makeReady({ plan, dataDir: layout.root })
    this.#owned.defer(this.#minding(async () => (await silence(dockerSocket)) === undefined))
    // The agent's container is started in Docker's machine, by what has the files of that.
    const inside = { folder, claimFolder, hostFiles: 'parent' } as const
    return { dockerSocket: DOCKER_SOCKET, servers: this.#linkInto(plan), ...inside }
  }

  /**
   * In Docker's network nothing of this machine is to be reached, nor is what is in there from here.
   * @returns where the API server is in there
   */
  #linkInto(plan: RootlessPlan | ApartPlan): string[] {
    const { clock, layout, servers, onStatus, onApart } = this.#options
    const url = new URL(servers[0] ?? '')
    const port = url.port || '443'
    this.#owned.use(
      new InwardLink({
        clock,
        command: () => localRelay(plan, layout.root, layout.agent, port),
        apiServer: { host: hostOf(url), port: Number(port) },
        onExit: line => onStatus(`the way to the API server ended (${line}); starting it again`),
      }),
    )
    onApart()
    return [`https://127.0.0.1:${port}`]
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

/** Identity and settings, private to this user. A fresh certificate is issued at every start. */
async function writeAgentFiles(options: LocalNodeOptions, settings: AgentSettings): Promise<void> {
  const { layout, caPem, network } = options
  const { folder, ...rest } = settings
  mkdirSync(layout.agent, { recursive: true, mode: 0o700 })
  const seen = folder === layout.agent ? join : posix.join
  /** @returns the file's path for the agent */
  const file = (name: (typeof AGENT_FILES)[number], text: string) => {
    writeFileSync(join(layout.agent, name), text, { mode: 0o600 })
    return seen(folder, name)
  }
  const identity = await options.issueCertificate({
    commonName: `system:node:${settings.nodeName}`,
    organizations: ['system:nodes'],
  })
  const config = {
    ...rest,
    caFile: file('ca.crt', caPem),
    certFile: file('agent.crt', identity.certPem),
    keyFile: file('agent.key', identity.keyPem),
    dataDir: seen(folder, 'data'),
    ...network,
  }
  file('config.json', JSON.stringify(config, null, 2))
}
