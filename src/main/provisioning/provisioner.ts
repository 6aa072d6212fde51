// Carries out HostOperations and keeps the links to the hosts that joined. An API client like any controller.
import { join } from 'node:path'
import { homedir, userInfo } from 'node:os'
import { Host, HostOperation } from '../../shared/api/flotilla/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import { createEventRecorder } from '../../shared/client/events.ts'
import { Informer } from '../../shared/client/informer.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../shared/machinery/conditions.ts'
import { byCreation } from '../../shared/machinery/older.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { AgentFiles } from './agent-files.ts'
import type { AnswerDesk } from './answers.ts'
import { HostLinks } from './link/host-links.ts'
import { CANCELLED, type Outcome, outcome } from './operation/outcome.ts'
import { type OperationParts, OperationRun } from './operation/run.ts'
import { StatusWriter } from './operation/status-writer.ts'
import type { OwnKey } from './own-key.ts'
import { SleepWatch } from './sleep-watch.ts'
import { AddressWatch } from './address-watch.ts'
import { readSshConfig } from './ssh/config-file.ts'
import { waysTo } from './ssh/recorded-route.ts'
import type { ClusterSettings } from './steps/contract.ts'

export interface ProvisionerOptions {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  readonly desk: AnswerDesk
  readonly files: AgentFiles
  readonly ownKey: OwnKey
  readonly cluster: ClusterSettings
  /** Where the API server listens, as seen from here. */
  readonly apiServer: { readonly host: string; readonly port: number }
  /** Whose SSH configuration and keys are used; default: this user's. */
  readonly home?: string
  /** As of `OperationParts`. */
  readonly resumePausesMs?: readonly number[]
}

const MOST_AT_ONCE = 5
const RESUME_PAUSES_MS = [1_000, 4_000, 15_000]
const ENDED = new Set(['Succeeded', 'Failed', 'Cancelled'])

export class Provisioner implements AsyncDisposable {
  readonly #options: ProvisionerOptions
  readonly #stop = new AbortController()
  readonly #links: HostLinks
  readonly #hosts: Informer<Host>
  readonly #operations: Informer<HostOperation>
  readonly #running = new Map<string, OperationRun>()
  readonly #waysTo: OperationParts['waysTo']
  readonly #event: OperationParts['event']
  /** UIDs of operations that are not to be begun, or not again: that they ended may not have come back here yet. */
  readonly #heldBack = new Set<string>()
  readonly #arriving = new Set<string>()
  readonly #sleep: SleepWatch
  readonly #addresses: AddressWatch

  constructor(options: ProvisionerOptions) {
    this.#options = options
    const { client, clock, log, ownKey, apiServer, home = homedir() } = options
    const config = join(home, '.ssh', 'config')
    this.#waysTo = host => waysTo(host, { config: readSshConfig(config, home), home, localUser: userInfo().username })
    const agent = process.env.SSH_AUTH_SOCK
    this.#links = new HostLinks({ client, clock, log, ownKey, agent, apiServer, waysTo: this.#waysTo })
    const onError = (error: unknown) => log.debug({ err: error }, 'hosts: watch interrupted')
    this.#hosts = new Informer(client, Host, { clock, onError })
    this.#operations = new Informer(client, HostOperation, { clock, onError })
    const recorder = createEventRecorder({ client, clock, component: 'host-controller', signal: this.#stop.signal })
    this.#event = (about, type, reason, message) => recorder.event(about, type, reason, message)
    this.#sleep = new SleepWatch(clock, sinceMs => this.#links.reconnectAll(sinceMs))
    this.#addresses = new AddressWatch(clock, addresses => this.#links.reconnectFrom(addresses))
  }

  start(): void {
    const { signal } = this.#stop
    const settled = (host: Host) => {
      this.#giveUpJoining(host)
      // A host without a node was never finished, or is being worked on: its operation opens the link.
      if (host.status.nodeName === undefined || this.#isWorkedOn(host) || this.#links.connectionOf(host.metadata.name))
        return
      this.#links.open(host).catch((error: unknown) => this.#options.log.debug({ err: error }, 'a link did not open'))
    }
    this.#hosts.on({
      added: settled,
      updated: settled,
      deleted: host => void this.#links.release(host.metadata.name),
    })
    this.#operations.on({
      added: () => this.#startWaiting(),
      updated: operation => {
        this.#running.get(operation.metadata.name)?.update(operation)
        this.#startWaiting()
      },
      deleted: operation => {
        this.#heldBack.delete(operation.metadata.uid)
        const cancelled = { ...operation, spec: { ...operation.spec, cancelled: true } }
        this.#running.get(operation.metadata.name)?.update(cancelled)
      },
    })
    void this.#hosts.start(signal)
    void this.#operations.start(signal)
    this.#operations.synced().then(
      () => this.#startWaiting(),
      () => undefined,
    )
    this.#sleep.start()
    this.#addresses.start()
  }

  /** Oldest first: one at a time for each host, agents one after the other, and never too many at once. */
  #startWaiting(): void {
    if (this.#stop.signal.aborted) return
    const waiting = this.#operations.lister
      .list()
      .filter(operation => this.#waits(operation))
      .toSorted(byCreation)
    for (const operation of waiting)
      if (operation.spec.cancelled) this.#neverBegin(operation, CANCELLED)
      else if (this.#mayRun(operation)) this.#run(operation)
    for (const host of this.#hosts.lister.list()) this.#giveUpJoining(host)
  }

  #isWorkedOn({ metadata: { name } }: Host): boolean {
    return [...this.#running.values()].some(run => run.hostName === name)
  }

  /**
   * Where nothing is left of what was to join it, as when that was called off while nobody was at work. One that had an
   * agent before is a node as it was.
   */
  #giveUpJoining(host: Host): void {
    const { name, resourceVersion } = host.metadata
    const { agent, conditions } = host.status
    if (host.status.phase !== 'Joining' || !this.#operations.hasSynced || this.#isWorkedOn(host)) return
    const isOf = ({ spec }: HostOperation) => spec.hostName === name
    if (this.#operations.lister.list().some(operation => isOf(operation) && this.#waits(operation))) return
    const { client, log } = this.#options
    // As it was seen: of one that is Ready meanwhile, it is heard in a moment.
    const phase = agent === undefined ? 'Failed' : isConditionTrue(conditions, 'Connected') ? 'Ready' : 'Away'
    const patch = { metadata: { resourceVersion }, status: { phase } }
    client
      .patch(Host, { name }, patch, { type: 'merge', subresource: 'status' })
      .catch((error: unknown) => log.debug({ err: error, host: name }, 'a host that does not join is not told so'))
  }

  #waits({ metadata: { name, uid }, status }: HostOperation): boolean {
    return !ENDED.has(status.phase ?? '') && !this.#running.has(name) && !this.#heldBack.has(uid)
  }

  /** An agent that does not work on one host is not put on those that wait behind it. */
  #holdBackUpgrades({ hostName }: OperationRun): void {
    const message = `not begun: the new agent did not work on ${hostName}; this host keeps the one that it has`
    for (const operation of this.#operations.lister.list())
      if (operation.spec.action === 'Upgrade' && this.#waits(operation))
        this.#neverBegin(operation, { phase: 'Cancelled', reason: 'HeldBack', message })
  }

  #neverBegin({ metadata: { name, uid }, status }: HostOperation, ended: Outcome): void {
    const { client, clock, log } = this.#options
    this.#heldBack.add(uid)
    const steps = status.steps?.map(step => (step.state === 'Running' ? { ...step, state: 'Failed' } : step))
    const writer = new StatusWriter({ client, clock, log, name, status })
    void writer.set({ ...outcome(ended, clock.now()), ...(steps && { steps }) })
  }

  #mayRun({ spec }: HostOperation): boolean {
    const runs = [...this.#running.values()]
    if (runs.length >= MOST_AT_ONCE || runs.some(run => run.hostName === spec.hostName)) return false
    return spec.action !== 'Upgrade' || !runs.some(run => run.action === 'Upgrade')
  }

  #run(operation: HostOperation): void {
    const { client, clock, log, desk, files, ownKey, cluster, resumePausesMs = RESUME_PAUSES_MS } = this.#options
    const run = new OperationRun(operation, {
      client,
      clock,
      log,
      desk,
      files,
      ownKey,
      cluster,
      resumePausesMs,
      arriving: this.#arriving,
      links: this.#links,
      waysTo: this.#waysTo,
      agent: process.env.SSH_AUTH_SOCK,
      event: this.#event,
    })
    this.#running.set(run.name, run)
    void run.finished.then(() => {
      this.#running.delete(run.name)
      this.#heldBack.add(operation.metadata.uid)
      if (run.brokeAgent) this.#holdBackUpgrades(run)
      this.#startWaiting()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sleep[Symbol.dispose]()
    this.#addresses[Symbol.dispose]()
    // First: when those that run have ended, nothing that waits is begun, and no host is given up.
    this.#stop.abort(new Error('provisioning stops'))
    await Promise.all([...this.#running.values()].map(run => run.interrupt()))
    await this.#links[Symbol.asyncDispose]()
  }
}
