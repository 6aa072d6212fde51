// Registers this machine as a Node and keeps its status current; the Lease beside it says that the agent lives.
import { Lease } from '../../../shared/api/coordination/v1.ts'
import { Node, type NodeStatus, type Taint } from '../../../shared/api/core/v1.ts'
import type { Client } from '../../../shared/client/client.ts'
import type { EventRecorder } from '../../../shared/client/events.ts'
import { type Clock, delay, formatMicroTime, formatTime } from '../../../shared/machinery/clock.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import type { Log } from '../../../shared/machinery/log.ts'
import { DECLARED_FEATURES } from '../../../shared/machinery/node-features.ts'
import { KUBELET_PORT } from '../../../shared/machinery/node-network.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../../shared/machinery/status.ts'
import type { WireguardState } from '../../network/contract.ts'
import { WIREGUARD_ANNOTATION } from '../../network/wireguard/identity.ts'
import type { ContainerRuntime, RuntimeVersion } from '../runtime/contract.ts'
import { extendedResources, goneResources } from './extended-resources.ts'
import { asQuantities } from './huge-pages.ts'
import { type MachineFacts, machineUsage } from './machine.ts'
import type { Amounts } from '../devices/device-manager.ts'
import { NodeEvents } from './node-events.ts'
import {
  ipv6Condition,
  liveRestoreCondition,
  mergeConditions,
  nodeConditionsOf,
  NOT_KNOWN_YET,
  WIREGUARD_CONDITION,
  wireguardConditions,
} from './conditions.ts'

export interface NodeReporterOptions {
  readonly client: Client
  readonly runtime: ContainerRuntime
  readonly machine: MachineFacts
  /** As it was when the agent started: an upgrade changes it. */
  readonly engine: RuntimeVersion
  readonly nodeName: string
  /** Primary first. */
  readonly nodeIPs: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
  /** Kubernetes version that this agent speaks. */
  readonly version: string
  /** The file system that is watched for pressure. */
  readonly diskPath: string
  /** While it does, what was told of the node stands: pods run on, and stay in their Services. */
  readonly isStarting?: () => boolean
  /** What device plugins have, and what of it can be used. */
  readonly devices?: () => { readonly capacity: Amounts; readonly allocatable: Amounts }
  /** What keeps the node from being ready, beside the runtime. */
  readonly problems: () => readonly string[]
  /** What the node is short of, by condition. */
  readonly pressures: () => ReadonlySet<string>
  /** Names of nodes that this one reaches over the control plane only. */
  readonly relayed: () => readonly string[]
  /** @returns undefined where traffic between nodes is not to be encrypted */
  readonly wireguard: () => WireguardState | typeof NOT_KNOWN_YET | undefined
  /** In a cluster of both families: why pods have IPv4 only; undefined when they have both. */
  readonly ipv6Problem?: () => string | undefined
  /** Unique names of volumes that must not be detached from the node; undefined = not known yet: what was told stands. */
  readonly volumesInUse: () => readonly string[] | undefined
  readonly recorder: EventRecorder
  readonly clock: Clock
  readonly log: Log
}

const CHECK_MS = 10_000
/** An unchanged status is sent this often. */
const REPORT_MS = 300_000
const LEASE_SECONDS = 40
const RENEW_MS = 10_000
const MAX_PODS = 110
const MAX_IMAGES = 50
const RESERVED_MEMORY_BYTES = 100 * 1024 ** 2
const LEASE_NAMESPACE = 'kube-node-lease'

const sum = (amounts: Readonly<Record<string, number>>) => Object.values(amounts).reduce((all, bytes) => all + bytes, 0)

export const allocatableOf = (machine: MachineFacts, diskBytes: number): Record<string, string> => ({
  cpu: String(machine.cpus),
  memory: `${Math.floor((machine.memoryBytes - RESERVED_MEMORY_BYTES - sum(machine.hugePages)) / 1024)}Ki`,
  pods: String(MAX_PODS),
  'ephemeral-storage': String(Math.floor(diskBytes * 0.9)),
  ...asQuantities(machine.hugePages),
})

export class NodeReporter {
  readonly #options: NodeReporterOptions
  readonly #events: NodeEvents
  #reported: NodeStatus | undefined
  #node: Node | undefined
  #reportedAt = 0
  #engine: RuntimeVersion
  #last: Promise<void> = Promise.resolve()

  constructor(options: NodeReporterOptions) {
    this.#options = options
    this.#engine = options.engine
    this.#events = new NodeEvents(options.recorder)
  }

  /** Of the Node object as last seen. */
  get labels(): Readonly<Record<string, string>> | undefined {
    return this.#node?.metadata.labels
  }

  get reference(): { readonly name: string; readonly uid: string } | undefined {
    return this.#node && { name: this.#node.metadata.name, uid: this.#node.metadata.uid }
  }

  /** Looks at the Node object again; what was seen last stands when the API does not answer. */
  async refresh(): Promise<void> {
    const { client, nodeName } = this.#options
    this.#node = await client.get(Node, { name: nodeName }).catch(() => this.#node)
  }

  /** Reports until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#every(CHECK_MS, signal, () => this.report(signal)),
      this.#every(RENEW_MS, signal, () => this.#renewLease(signal)),
    ])
  }

  async #every(periodMs: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      let pauseMs = periodMs
      try {
        await work()
      } catch (error) {
        if (signal.aborted) return
        log.debug({ error: String(error) }, 'node status not written')
        pauseMs = Math.min(periodMs, 1_000)
      }
      await delay(clock, pauseMs, signal).catch(() => undefined) // aborted: the loop ends
    }
  }

  /**
   * Sends the status if it changed or is due; one after the other, so that what is sent last is what was seen last.
   * @throws ApiError
   */
  report(signal: AbortSignal): Promise<void> {
    const report = this.#last.catch(() => undefined).then(() => this.#report(signal))
    this.#last = report
    return report
  }

  /** Tells which volumes are in use. @returns those that are said to be attached after that @throws ApiError */
  async tellVolumesInUse(signal: AbortSignal): Promise<ReadonlySet<string>> {
    await this.report(signal)
    const { client, nodeName } = this.#options
    this.#node = await client.get(Node, { name: nodeName }, { signal })
    return new Set((this.#node.status.volumesAttached ?? []).map(({ name }) => name))
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { client, clock, nodeName } = this.#options
    const node = await this.#registered(signal)
    this.#node = node
    this.#events.seen(node)
    if (this.#options.isStarting?.() && node.status.conditions?.some(({ type }) => type === 'Ready')) return
    const status = await this.#status(node)
    const due = clock.monotonic() - this.#reportedAt >= REPORT_MS || this.#reported === undefined
    const gone = goneResources(node)
    if (!due && !gone && deepEqual(withoutHeartbeats(status), withoutHeartbeats(this.#reported))) return
    // Strategic merge takes addresses of one type for one and the same: of two InternalIPs, the second would be left.
    const addresses = [{ $patch: 'replace' }, ...(status.addresses ?? [])]
    const volumesInUse = status.volumesInUse ?? null
    const patch = { status: { ...status, addresses, volumesInUse, allocatable: { ...status.allocatable, ...gone } } }
    await client.patch(Node, { name: nodeName }, patch, { subresource: 'status', signal })
    this.#events.reported(node, status)
    this.#reported = status
    this.#reportedAt = clock.monotonic()
  }

  /** @returns the Node, made when it does not exist, its labels and annotations kept as they should be */
  async #registered(signal: AbortSignal): Promise<Node> {
    const { client, nodeName, taints } = this.#options
    const labels = this.#labels()
    const annotations = this.#annotations()
    try {
      const node = await client.get(Node, { name: nodeName }, { signal })
      const right = holds(node.metadata.labels, labels) && holds(node.metadata.annotations, annotations)
      return right
        ? node
        : await client.patch(
            Node,
            { name: nodeName },
            { metadata: { labels, annotations: orNull(annotations) } },
            { signal },
          )
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    this.#reported = undefined
    try {
      const spec = taints.length > 0 ? { taints: [...taints] } : {}
      return await client.create(
        Node,
        { metadata: { name: nodeName, labels, annotations: present(annotations) }, spec },
        { signal },
      )
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return client.get(Node, { name: nodeName }, { signal })
    }
  }

  /** @returns those that the node is to have; undefined = it is not to have this one */
  #annotations(): Record<string, string | undefined> {
    const { annotations, wireguard } = this.#options
    const state = wireguard()
    return state === NOT_KNOWN_YET ? annotations : { ...annotations, [WIREGUARD_ANNOTATION]: state?.annotation }
  }

  #labels(): Record<string, string> {
    const { machine, nodeName, labels } = this.#options
    const os = 'linux'
    return {
      ...labels,
      'kubernetes.io/hostname': nodeName,
      'kubernetes.io/os': os,
      'kubernetes.io/arch': machine.architecture,
      'beta.kubernetes.io/os': os,
      'beta.kubernetes.io/arch': machine.architecture,
    }
  }

  async #status(node: Node): Promise<NodeStatus> {
    const { machine, runtime, nodeName, nodeIPs, version, diskPath, clock, problems, pressures } = this.#options
    const usage = await machineUsage(diskPath)
    const images = await runtime.images().catch(() => undefined)
    const engine = await runtime.version().catch(() => this.#engine)
    this.#engine = engine
    const notReady = images ? problems() : ['container runtime is down', ...problems()]
    const { relayed, ipv6Problem, wireguard } = this.#options
    const wasEncrypted = node.status.conditions?.some(({ type }) => type === WIREGUARD_CONDITION) ?? false
    const drafts = [
      ...(ipv6Problem ? [ipv6Condition(ipv6Problem())] : []),
      ...wireguardConditions(wireguard(), wasEncrypted),
      ...nodeConditionsOf(pressures(), notReady, relayed()),
      liveRestoreCondition(engine),
    ]
    const allocatable = allocatableOf(machine, usage.diskTotalBytes)
    const devices = this.#options.devices?.()
    const volumesInUse = this.#options.volumesInUse() ?? node.status.volumesInUse ?? []
    return {
      ...(volumesInUse.length > 0 ? { volumesInUse: [...volumesInUse] } : {}),
      capacity: {
        ...allocatable,
        memory: `${Math.floor(machine.memoryBytes / 1024)}Ki`,
        'ephemeral-storage': `${Math.floor(usage.diskTotalBytes / 1024)}Ki`,
        ...devices?.capacity,
      },
      allocatable: { ...allocatable, ...extendedResources(node), ...devices?.allocatable },
      conditions: mergeConditions(drafts, node.status.conditions ?? [], formatTime(clock.now())),
      addresses: [
        ...nodeIPs.map(address => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: nodeName },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: KUBELET_PORT } },
      nodeInfo: {
        machineID: machine.machineID,
        systemUUID: machine.systemUUID,
        bootID: machine.bootID,
        kernelVersion: machine.kernelVersion,
        osImage: machine.osImage,
        containerRuntimeVersion: engine.version,
        kubeletVersion: version,
        kubeProxyVersion: version,
        operatingSystem: 'linux',
        architecture: machine.architecture,
      },
      features: { supplementalGroupsPolicy: true },
      declaredFeatures: [...DECLARED_FEATURES],
      runtimeHandlers: ['', ...engine.handlers].map(name => ({
        name,
        features: { recursiveReadOnlyMounts: engine.recursiveReadOnlyMounts, userNamespaces: false },
      })),
      ...(images
        ? {
            images: images
              .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
              .map(({ tags, digests, sizeBytes }) => ({ names: [...digests, ...tags].slice(0, 5), sizeBytes }))
              .filter(({ names }) => names.length > 0)
              .slice(0, MAX_IMAGES),
          }
        : {}),
    }
  }

  async #renewLease(signal: AbortSignal): Promise<void> {
    const { client, nodeName, clock } = this.#options
    const ref = { namespace: LEASE_NAMESPACE, name: nodeName }
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: formatMicroTime(clock.now()),
    }
    try {
      await client.patch(Lease, ref, { spec }, { signal })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const node = await client.get(Node, { name: nodeName }, { signal })
      const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid }
      try {
        await client.create(Lease, { metadata: { ...ref, ownerReferences: [owner] }, spec }, { signal })
      } catch (creation) {
        if (!isAlreadyExists(creation) && !isConflict(creation)) throw creation
      }
    }
  }
}

const present = (all: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))

/** A patch takes what is null away. */
const orNull = (all: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(all).map(([key, value]) => [key, value ?? null]))

const holds = (
  all: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string | undefined>>,
): boolean => Object.entries(wanted).every(([key, value]) => all?.[key] === value)

const withoutHeartbeats = (status: NodeStatus | undefined) =>
  status && { ...status, conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition) }
