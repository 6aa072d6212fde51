// Carries one operation out: connect → look → plan → wait until it is approved → apply. Run again, it does what is left.
import { Host, type HostFinding, type HostOperation } from '../../../shared/api/flotilla/v1.ts'
import { Node } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import { type Clock, delay, formatTime } from '../../../shared/machinery/clock.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { isConditionTrue } from '../../../shared/machinery/conditions.ts'
import { isNotFound } from '../../../shared/machinery/status.ts'
import { hostOf } from '../../../shared/machinery/url-host.ts'
import { revokeNode } from '../../../shared/machinery/revoke-certificates.ts'
import type { AgentFiles } from '../agent-files.ts'
import type { AnswerDesk } from '../answers.ts'
import type { HostLinks } from '../link/host-links.ts'
import { nodeNameOf } from '../node-name.ts'
import type { OwnKey } from '../own-key.ts'
import { type Facts, parseFacts } from '../preflight/facts.ts'
import { FACTS_SCRIPT } from '../preflight/facts-script.ts'
import { tunnelPort } from '../preflight/checks/network.ts'
import { STALE_AGENT } from '../preflight/checks/clusters.ts'
import type { ClusterFacts, Way } from '../preflight/contract.ts'
import { preflight } from '../preflight/preflight.ts'
import { tryWays, unknownWays } from '../preflight/ways.ts'
import type { SshConnection } from '../ssh/connection.ts'
import { type Hop, SshError } from '../ssh/contract.ts'
import { asRecorded, connectAny, recordedRoute, sameRoute } from '../ssh/recorded-route.ts'
import { Sudo } from '../ssh/sudo.ts'
import { stepsFor } from '../steps/actions.ts'
import { startAgent } from '../steps/start-agent.ts'
import { switchAgent } from '../steps/upgrade.ts'
import type { ClusterSettings, ContextWithoutProgress } from '../steps/contract.ts'
import { type Said, messageOf, say } from '../say.ts'
import { Approval } from './approval.ts'
import { clusterFacts } from './cluster-facts.ts'
import { hostKeyPins, inspected, patchHostStatus } from './host-status.ts'
import { PreflightError, failure } from './failure.ts'
import { CANCELLED, type Outcome, outcome } from './outcome.ts'
import { statusPrompter } from './prompts.ts'
import { applySteps, planSteps } from './run-steps.ts'
import { StatusWriter } from './status-writer.ts'
import { noteUndone } from './undone.ts'
import { verdict } from './verdict.ts'

export interface OperationParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly desk: AnswerDesk
  readonly links: HostLinks
  readonly files: AgentFiles
  readonly ownKey: OwnKey
  readonly cluster: ClusterSettings
  /** @throws SshError BadAddress, BadConfig */
  readonly waysTo: (host: Host) => Hop[][]
  /** Path of the ssh-agent's socket. */
  readonly agent: string | undefined
  readonly event: (about: Host | HostOperation, type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** How long it waits before it goes on after each loss of the connection, in ms; then it fails. */
  readonly resumePausesMs: readonly number[]
  /** Hosts that are about to become nodes, in the order in which they told what machine they are. */
  readonly arriving: Set<string>
}

const FIRST_API_PORT = 16_443
/** Findings stop what would change a host for good, not what takes it out of the cluster. */
const CHECKED = new Set(['Join', 'Repair', 'Upgrade'])
/** What joining may lead to. */
const LOOKED_AT = new Set(['Check', 'Join', 'Repair'])
const NO_WAYS: ReadonlyMap<string, Way> = new Map()
const OF_AGENTS = new Set(['Upgrade', 'Restart'])

export class OperationRun {
  readonly name: string
  readonly hostName: string
  readonly action: string
  readonly finished: Promise<void>
  readonly #parts: OperationParts
  readonly #operation: HostOperation
  readonly #writer: StatusWriter
  readonly #stop = new AbortController()
  /** The way there, where it is not the one written down. */
  #newRoute: readonly Hop[] | undefined
  #wasConnected = false
  readonly #approval = new Approval()

  constructor(operation: HostOperation, parts: OperationParts) {
    const { client, clock, log } = parts
    this.name = operation.metadata.name
    this.hostName = operation.spec.hostName
    this.action = operation.spec.action
    this.#parts = parts
    this.#operation = operation
    this.#writer = new StatusWriter({
      client,
      clock,
      log,
      name: this.name,
      status: { ...operation.status, prompts: [] },
    })
    if (operation.spec.approved) this.#approval.give()
    this.finished = this.#run()
  }

  /** Whether it put another agent on the host, and the node was not Ready with it. */
  get brokeAgent(): boolean {
    const { phase, reason, steps = [] } = this.#writer.status
    const isBroken = phase === 'Failed' && reason === 'CommandFailed'
    return isBroken && steps.some(({ name, state }) => name === switchAgent.name && state === 'Failed')
  }

  /** The operation's spec changed. */
  update({ spec }: HostOperation): void {
    if (spec.approved) this.#approval.give()
    if (spec.cancelled) this.#stop.abort(new CancelledError())
  }

  /** The control plane stops: what is left is done after its next start. */
  async interrupt(): Promise<void> {
    this.#stop.abort(new InterruptedError())
    await this.finished
  }

  async #run(): Promise<void> {
    const { client, clock } = this.#parts
    let host: Host | undefined
    try {
      host = await client.get(Host, { name: this.hostName })
      await this.#writer.set({
        phase: 'Running',
        startTime: this.#writer.status.startTime ?? formatTime(clock.now()),
        message: '',
        reason: '',
      })
      const said = await this.#performWhole(host)
      await this.#end(host, { phase: 'Succeeded', reason: 'Succeeded', ...messageOf(said) })
    } catch (error) {
      if (this.#stop.signal.reason instanceof InterruptedError) return
      const cancelled = this.#stop.signal.reason instanceof CancelledError
      const reason = error instanceof SshError ? error.code : error instanceof PreflightError ? 'PreflightFailed' : 'Error' // prettier-ignore
      this.#stop.abort(error) // whatever still waits for an answer
      await this.#end(host, cancelled ? CANCELLED : { phase: 'Failed', reason, ...failure(error, this.action, this.hostName, this.#undoing) }) // prettier-ignore
      if (!host) return
      await this.#noteFailure(host).catch(() => undefined)
    } finally {
      this.#parts.arriving.delete(this.hostName)
    }
  }

  async #end(host: Host | undefined, ended: Outcome): Promise<void> {
    const { clock, event } = this.#parts
    await this.#writer.set(outcome(ended, clock.now()))
    const [type, how] =
      ended.phase === 'Succeeded' ? (['Normal', 'Succeeded'] as const) : (['Warning', 'Failed'] as const)
    for (const about of [this.#operation, ...(host ? [host] : [])])
      event(about, type, `${this.action}${how}`, ended.message)
  }

  /** Goes on over a new connection when one is lost: steps look before they act. @returns what was done */
  async #performWhole(host: Host): Promise<Said> {
    const { client, clock, resumePausesMs } = this.#parts
    if (this.action === 'Remove' && this.#operation.spec.force) return await this.#forget(host)
    using sudo = new Sudo(this.#prompter())
    let lost: SshError | undefined
    for (let tries = 0; ; tries++)
      try {
        return await this.#perform(tries > 0 ? await client.get(Host, { name: this.hostName }) : host, sudo)
      } catch (error) {
        if (this.#stop.signal.aborted || !this.#wasConnected || !isLoss(error)) throw error
        // That a step was cut off says more than that there is no connection now.
        if (error.code === 'ConnectionLost') lost = error
        const pauseMs = resumePausesMs[tries]
        if (pauseMs === undefined) throw lost ?? error
        await this.#writer.set({ message: `${error.message}; goes on over a new connection` })
        await delay(clock, pauseMs, this.#stop.signal)
        await this.#writer.set({ message: '' })
      }
  }

  /** @returns what was done */
  async #perform(host: Host, sudo: Sudo): Promise<Said> {
    const { client, links } = this.#parts
    const { action } = this
    const borrowed = links.connectionOf(host.metadata.name)
    const ssh = borrowed ?? (await this.#connect(host))
    this.#wasConnected = true
    let adopted = borrowed !== undefined
    try {
      this.#stage(say('looking at the host'))
      const facts = await this.#look(ssh, sudo)
      const nodeName = nodeNameOf(host, facts.hostname)
      const apiPort = host.status.apiPort ?? freePort(facts)
      // Told first: of two that are the same machine, or would be the same node, one sees the other.
      const route = this.#newRoute && asRecorded(this.#newRoute)
      await patchHostStatus(client, host.metadata.name, { ...inspected(facts), ...(route && { route }) })
      if (CHECKED.has(action)) this.#parts.arriving.add(host.metadata.name)
      const compared = await clusterFacts(this.#parts, host, { nodeName, apiPort })
      const ways = LOOKED_AT.has(action) ? await this.#tryWays(facts, compared, ssh, sudo) : NO_WAYS
      const findings = preflight(facts, { ...compared, ways })
      await patchHostStatus(client, host.metadata.name, { findings })
      if (LOOKED_AT.has(action)) await this.#writer.set({ findings })
      const errors = findings.filter(({ severity }) => severity === 'Error')
      if (CHECKED.has(action) && errors.length > 0) throw new PreflightError(errors)
      if (action === 'Check') return verdict(host, findings)
      if (OF_AGENTS.has(action) && !facts.flotilla.isConfigured)
        throw new Error(`${this.hostName} has no agent; it becomes a node with: flotilla node repair ${this.hostName}`)

      const context: ContextWithoutProgress = {
        ...this.#parts,
        ssh,
        sudo,
        facts,
        host,
        operation: this.#pinned(),
        nodeName,
        apiPort,
        signal: this.#stop.signal,
        openLink: async () => {
          await patchHostStatus(client, host.metadata.name, { phase: 'Joining', nodeName, apiPort })
          await links.open({ ...host, status: { ...host.status, nodeName, apiPort } }, ssh)
          adopted = true
        },
        closeLink: async () => {
          adopted = false
          await links.release(host.metadata.name, ssh)
        },
      }
      Object.assign(this.#writer.status, { message: '', said: [] })
      const begun = this.#writer.status.steps?.map(step => step.name) ?? []
      const steps = await planSteps(await stepsFor(context), context, this.#writer)
      if (steps.length > 0) await this.#approval.wait(this.#writer, this.#stop.signal)
      await applySteps(steps, context, this.#writer, action === 'Undo' ? 'Undone' : 'Succeeded')
      if (action === 'Undo') return await this.#concludeUndo(host, new Set([...begun, ...steps.map(step => step.name)]))
      const changes = this.#writer.status.steps?.filter(({ state }) => state === 'Succeeded').length ?? 0
      if (action === 'LoadImages') return imagesLoaded(this.#operation, changes)
      return await this.#conclude(host, context, { changes, findings })
    } finally {
      if (!adopted) await ssh[Symbol.asyncDispose]()
    }
  }

  /** A node goes on being one, whatever came of what was to be done to it. */
  async #noteFailure({ status: { nodeName, phase }, metadata: { name } }: Host): Promise<void> {
    const { client } = this.#parts
    if (nodeName === undefined) return void (await patchHostStatus(client, name, { phase: 'Failed' }))
    if (phase !== 'Ready' && phase !== 'Away') return
    const { status } = await client.get(Host, { name })
    if (status.phase === 'Joining')
      await patchHostStatus(client, name, { phase: isConditionTrue(status.conditions, 'Connected') ? 'Ready' : 'Away' })
  }

  /** The step that is undone, named or not: after a connection was lost it is no other one. */
  get #undoing(): string | undefined {
    return this.action === 'Undo' ? (this.#operation.spec.step ?? this.#writer.status.steps?.[0]?.name) : undefined
  }

  #pinned(): HostOperation {
    const step = this.#undoing
    return step === undefined ? this.#operation : { ...this.#operation, spec: { ...this.#operation.spec, step } }
  }

  /** @param undone by this operation, also before a connection was lost */
  async #concludeUndo({ metadata: { name } }: Host, undone: ReadonlySet<string>): Promise<Said> {
    const { client } = this.#parts
    const names = [...undone]
    if (names.length === 0) return say('nothing of that is on {name}', { name })
    await noteUndone(client, name, names)
    if (names.includes(startAgent.name))
      await patchHostStatus(client, name, { phase: 'Pending', nodeName: null, apiPort: null, agent: null, conditions: null }) // prettier-ignore
    return say('undone on {name}: {steps}; to join again: flotilla node repair {name}', {
      name,
      steps: names.join(', '),
    })
  }

  async #conclude(
    host: Host,
    context: ContextWithoutProgress,
    { changes, findings }: { readonly changes: number; readonly findings: readonly HostFinding[] },
  ): Promise<Said> {
    const { client, links } = this.#parts
    const { nodeName, apiPort, ssh } = context
    const name = host.metadata.name
    if (this.action === 'Remove') {
      await client.delete(Host, { name }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error
      })
      return say('{name} is no node any more and as it was before', { name })
    }
    await patchHostStatus(client, name, { phase: 'Ready', nodeName, apiPort })
    if (this.action !== 'Restart') await this.#noteAgent(context, findings)
    await links.open({ ...host, status: { ...host.status, nodeName, apiPort } }, ssh)
    return changes === 0
      ? say('{name} is the node {node}; nothing had to be done', { name, node: nodeName })
      : say('{name} is the node {node}', { name, node: nodeName })
  }

  #didStep = (name: string | undefined): boolean =>
    this.#writer.status.steps?.some(step => step.name === name && step.state === 'Succeeded') ?? false

  /** The versions that are current here run there now, and what was missing is there. */
  async #noteAgent({ host, facts }: ContextWithoutProgress, findings: readonly HostFinding[]): Promise<void> {
    const { client, files } = this.#parts
    const [bundle, runtime] = await Promise.all([files.bundle(), files.runtime(facts.architecture)])
    const previousBundle = facts.flotilla.currentBundle
    await patchHostStatus(client, host.metadata.name, {
      findings: findings.filter(({ id, fix }) => id !== STALE_AGENT && !this.#didStep(fix)),
      agent: {
        bundle: bundle.id,
        runtime: runtime.id,
        ...(previousBundle && previousBundle !== bundle.id ? { previousBundle } : {}),
      },
    })
  }

  /** For a host that is gone: it is not asked. Its pods go with its node. */
  async #forget({ metadata: { name }, status: { nodeName, facts } }: Host): Promise<Said> {
    const { client, clock, links } = this.#parts
    const gone = (error: unknown) => {
      if (!isNotFound(error)) throw error
    }
    await links.release(name)
    if (nodeName !== undefined) {
      await revokeNode(client, clock, nodeName, `host ${name} was forgotten`)
      await client.delete(Node, { name: nodeName }).catch(gone)
    }
    await client.delete(Host, { name }).catch(gone)
    return facts === undefined
      ? say('{name} is forgotten; nothing was ever put on it', { name })
      : say('{name} is forgotten; if it ever comes back: sudo /opt/flotilla/bin/remove', { name })
  }

  #prompter() {
    const { desk } = this.#parts
    return statusPrompter({ operation: this.name, desk, writer: this.#writer, signal: this.#stop.signal })
  }

  /** What is done before there are steps; what takes no time is seen by nobody. */
  #stage(said: Said): void {
    Object.assign(this.#writer.status, messageOf(said))
    this.#writer.soon()
  }

  async #connect(host: Host): Promise<SshConnection> {
    const { client, clock, agent, ownKey, waysTo } = this.#parts
    const { connection, route } = await connectAny(waysTo(host), {
      pins: hostKeyPins(client, host),
      prompter: this.#prompter(),
      clock,
      agent,
      ownKey: host.status.nodeName === undefined ? undefined : ownKey.privateKey,
      signal: this.#stop.signal,
      stage: said => this.#stage(said),
    })
    if (!sameRoute(route, recordedRoute(host) ?? [])) this.#newRoute = route
    return connection
  }

  async #look(ssh: SshConnection, sudo: Sudo): Promise<Facts> {
    const { client, clock, cluster } = this.#parts
    const { items } = await client.list(Node)
    const nodes = items.flatMap(({ status }) =>
      (status.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => `node ${address}\n`),
    )
    const servers = cluster.servers.map(server => new URL(server)).map(url => `api ${hostOf(url)} ${url.port || 443}\n`)
    let answeredMs: number | undefined
    const output = await ssh.must(FACTS_SCRIPT, {
      what: 'looking at the host',
      sudo,
      signal: this.#stop.signal,
      input: [...nodes, ...servers].join(''),
      // The first line tells the host's time.
      onOutput: () => (answeredMs ??= clock.now()),
    })
    return parseFacts(output, answeredMs ?? clock.now())
  }

  /** Sends packets from the host to nodes and back, where nobody has told yet whether they arrive. */
  async #tryWays(facts: Facts, cluster: Omit<ClusterFacts, 'ways'>, ssh: SshConnection, sudo: Sudo) {
    const nodes = unknownWays(facts, cluster)
    if (nodes.length === 0) return NO_WAYS
    const { client, clock } = this.#parts
    const port = tunnelPort(cluster.networkBackend)
    return await tryWays({ client, clock, ssh, sudo, port, signal: this.#stop.signal }, nodes)
  }
}

function imagesLoaded({ spec: { hostName, images = [] } }: HostOperation, sent: number): Said {
  const names = images.join(', ')
  return sent === 0
    ? say('{host} had {images} already', { host: hostName, images: names })
    : say('{host} has {images}', { host: hostName, images: names })
}

class CancelledError extends Error {}
class InterruptedError extends Error {}

const freePort = ({ listening }: Facts): number => {
  let port = FIRST_API_PORT
  while (listening.some(address => address.endsWith(`:${port}`))) port++
  return port
}

const isLoss = (error: unknown): error is SshError =>
  error instanceof SshError && (error.code === 'ConnectionLost' || error.code === 'Unreachable')
