// Ports of Services on this machine's loopback, where nodes' addresses are out of its reach or nobody knows them: those of
// Docker Desktop, of rootless Docker, of a local cluster. Each connection, and what each client sends over UDP, goes to the
// node port of a node, through the connection that its agent has dialled, so that kube-proxy there decides as for any other
// client.
import type { Duplex } from 'node:stream'
import { EndpointSlice } from '../../shared/api/discovery/v1.ts'
import { Node, Service } from '../../shared/api/core/v1.ts'
import type { Client } from '../../shared/client/client.ts'
import type { EventRecorder } from '../../shared/client/events.ts'
import { Informer } from '../../shared/client/informer.ts'
import { keyOf } from '../../shared/client/object-key.ts'
import type { Clock } from '../../shared/machinery/clock.ts'
import { isConditionTrue } from '../../shared/machinery/conditions.ts'
import type { Log } from '../../shared/machinery/log.ts'
import type { NodeDialer } from '../apiserver/proxy/node-tunnels.ts'
import { HOST, type OpenPort } from './open-port.ts'
import { openTcpPort } from './tcp-port.ts'
import { openUdpPort } from './udp-port.ts'
import { type Protocol, type WantedPort, portName, wantedPorts } from './wanted-ports.ts'

export interface NodePortsOptions {
  readonly client: Client
  readonly dialer: NodeDialer
  readonly clock: Clock
  readonly log: Log
  readonly events: EventRecorder
}

const SERVICE_LABEL = 'kubernetes.io/service-name'
/** A port that another program has may be free by then. */
const RETRY_MS = 15_000
const MOST_NODES_TRIED = 3

const OPEN = { TCP: openTcpPort, UDP: openUdpPort } satisfies Record<Protocol, unknown>

interface Open {
  readonly opened: OpenPort
  wanted: WantedPort
}

export class NodePorts implements AsyncDisposable {
  readonly #options: NodePortsOptions
  readonly #stop = new AbortController()
  readonly #services: Informer<Service>
  readonly #slices: Informer<EndpointSlice>
  readonly #nodes: Informer<Node>
  /** By the port's name. */
  readonly #open = new Map<string, Open>()
  /** What was told of a port, so that it is told once. */
  readonly #told = new Map<string, string>()
  #turn: Promise<void> = Promise.resolve()
  #dirty = false
  #cancelRetry: () => void = () => undefined
  #next = 0

  constructor(options: NodePortsOptions) {
    this.#options = options
    const { client, clock, log } = options
    const onError = (error: unknown) => log.debug({ err: error }, 'node ports: watch interrupted')
    this.#services = new Informer(client, Service, { clock, onError })
    this.#slices = new Informer(client, EndpointSlice, { clock, onError, labelSelector: SERVICE_LABEL })
    this.#nodes = new Informer(client, Node, { clock, onError })
    const changed = () => this.#changed()
    this.#services.on({ added: changed, updated: changed, deleted: changed })
    for (const informer of [this.#services, this.#slices, this.#nodes]) void informer.start(this.#stop.signal)
  }

  /** Ports that are open now, as `30080/TCP`. */
  get ports(): string[] {
    return [...this.#open.keys()].sort()
  }

  /** Several changes at once are looked at once, one look after the other. */
  #changed(): void {
    if (this.#dirty || this.#stop.signal.aborted) return
    this.#dirty = true
    this.#turn = this.#turn.then(() => this.#sync())
  }

  async #sync(): Promise<void> {
    await this.#services.synced().catch(() => undefined)
    this.#dirty = false
    if (this.#stop.signal.aborted) return
    const { open, late } = wantedPorts(this.#services.lister.list())
    for (const name of this.#open.keys()) if (!open.has(name)) await this.#close(name)
    const problems = late.map((wanted): [WantedPort, string] => [wanted, `${ownerOf(open, wanted)} has it`])
    for (const [name, wanted] of open) {
      const known = this.#open.get(name)
      if (known) known.wanted = wanted
      else await this.#listen(wanted).catch((error: Error) => problems.push([wanted, whyNot(error)]))
    }
    this.#tell(problems)
    this.#cancelRetry()
    if (problems.length > 0) this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => this.#changed())
  }

  /** @throws Error with what is in the way */
  async #listen(wanted: WantedPort): Promise<void> {
    const { port, protocol } = wanted
    const name = portName(wanted)
    const dial = () => this.#dial(this.#open.get(name)?.wanted ?? wanted)
    this.#open.set(name, { wanted, opened: await OPEN[protocol]({ port, clock: this.#options.clock, dial }) })
  }

  #tell(problems: readonly (readonly [WantedPort, string])[]): void {
    const now = new Map(problems.map(([wanted, why]) => [keyOfProblem(wanted), why]))
    for (const key of this.#told.keys()) if (!now.has(key)) this.#told.delete(key)
    for (const [wanted, why] of problems) {
      const key = keyOfProblem(wanted)
      if (this.#told.get(key) === why) continue
      this.#told.set(key, why)
      const message = `${HOST}:${portName(wanted)} does not lead to this Service: ${why}`
      this.#options.events.event(wanted.service, 'Warning', 'LoopbackPortNotOpened', message)
    }
  }

  async #dial({ service, nodePort, protocol }: WantedPort): Promise<Duplex | undefined> {
    const { dialer, log } = this.#options
    for (const { name, address } of this.#nodesFor(service).slice(0, MOST_NODES_TRIED)) {
      if (this.#stop.signal.aborted) return undefined
      const target = `${address.includes(':') ? `[${address}]` : address}:${nodePort}`
      try {
        return await dialer.dial(name, protocol === 'UDP' ? `udp:${target}` : target)
      } catch (error) {
        log.debug({ err: error, node: name, nodePort }, 'a node port does not answer')
      }
    }
    return undefined
  }

  /** Those that have an endpoint of it come first, as others may not forward to them; in turns. */
  #nodesFor({ metadata }: Service): { name: string; address: string }[] {
    const withEndpoint = new Set(
      this.#slices.lister
        .list()
        .filter(
          slice =>
            slice.metadata.namespace === metadata.namespace && slice.metadata.labels?.[SERVICE_LABEL] === metadata.name,
        ) // prettier-ignore
        .flatMap(({ endpoints }) => endpoints ?? [])
        .flatMap(({ nodeName, conditions }) => (nodeName && conditions?.ready !== false ? [nodeName] : [])),
    )
    const ready = this.#nodes.lister
      .list()
      .filter(({ status }) => isConditionTrue(status.conditions, 'Ready'))
      .flatMap(node => {
        const address = node.status.addresses?.find(({ type }) => type === 'InternalIP')?.address
        return address === undefined ? [] : [{ name: node.metadata.name, address }]
      })
    const first = ready.filter(({ name }) => withEndpoint.has(name))
    const turn = first.length > 0 ? this.#next++ % first.length : 0
    return [...first.slice(turn), ...first.slice(0, turn), ...ready.filter(({ name }) => !withEndpoint.has(name))]
  }

  async #close(name: string): Promise<void> {
    const open = this.#open.get(name)
    this.#open.delete(name)
    await open?.opened.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('node ports are closed'))
    this.#cancelRetry()
    await this.#turn
    await Promise.all([...this.#open.keys()].map(name => this.#close(name)))
  }
}

const keyOfProblem = (wanted: WantedPort): string => `${keyOf(wanted.service.metadata)}:${portName(wanted)}`

const ownerOf = (open: ReadonlyMap<string, WantedPort>, wanted: WantedPort): string => {
  const owner = open.get(portName(wanted))?.service
  return owner ? `Service ${keyOf(owner.metadata)}` : 'another Service'
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'this user may not open ports below 1024',
}
const whyNot = ({ code = '', message }: NodeJS.ErrnoException): string => REASONS[code] ?? message
